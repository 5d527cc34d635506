"""Values in rules: addresses, ports, flags, types; read as ipfw reads them, with what it lets pass.

Source: sbin/ipfw/ipfw2.c and ipv6.c (fill_ip, fill_ip6, fill_newports, fill_flags); captures/ipfw.json.
"""

from __future__ import annotations

import ipaddress
import re
import socket

from apps.simulator.ipfw.refused import NOHOST, Refused
from apps.simulator.ipfw.words import SERVICES, Words

_TABLE = re.compile(r"table\(([^,)]*)(?:,([^)]*))?\)?.*")
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,63}")
_NUMBER = re.compile(r"0[xX][0-9a-fA-F]+|\d+")
MOST_PORTS, MOST_ADDRESSES = 62, 31
LONGEST_INTERFACE = 15


def c_number(text: str) -> int:
    """Read a number as strtol does with base 0: hexadecimal and octal count."""
    if text[:2].lower() == "0x":
        return int(text, 16)
    return int(text, 8) if re.fullmatch(r"0[0-7]+", text) else int(text)


def atoi(text: str) -> int:
    """Read the digits at the beginning, as atoi does; 0 where there are none."""
    match = re.match(r"\s*([+-]?\d+)", text)
    return int(match[1]) if match else 0


def is_name(text: str) -> bool:
    """Tell whether a table or a state may be called so."""
    return _NAME.fullmatch(text) is not None


def table(text: str) -> str:
    """Read `table(NAME)` or `table(NAME,VALUE)`."""
    if ")" not in text:
        raise Refused(f"forgotten parenthesis: '{text}'")
    match = _TABLE.fullmatch(text)
    name, value = (match[1], match[2]) if match else ("", None)
    if not is_name(name) or name == "all":
        raise Refused(f"Invalid table name: {name}")
    return f"table({name})" if value is None else f"table({name},{atoi(value)})"


def ipv4(text: str, words: Words) -> int:
    """Read an address as inet_aton does, or look a host's name up."""
    try:
        return int.from_bytes(socket.inet_aton(text), "big")
    except OSError:
        found = words.names.hosts.get(text)
    if found is None:
        raise Refused(f"hostname ``{text}'' unknown", NOHOST)
    return int(ipaddress.IPv4Address(found))


def is_ipv6(text: str) -> bool:
    """Tell whether a text is an IPv6 address."""
    try:
        return isinstance(ipaddress.ip_address(text), ipaddress.IPv6Address)
    except ValueError:
        return False


def addresses(text: str, words: Words, *, is_six: bool, is_not: bool) -> str | None:
    """Read what stands for an address in a rule.

    Args:
        text: `any`, `me`, `me6`, `table(…)` or a list.
        words: the command, for warnings and names.
        is_six: the rule is of ip6.
        is_not: `not` stands before it.

    Returns:
        Its canonical form; None when every address will do, which the kernel does not test.

    Raises:
        Refused: it is none.
    """
    first = re.split(r"[/,]", text, maxsplit=1)[0]
    if text == "me6" or is_six or is_ipv6(first):
        if text in {"any", "me", "me6"}:
            return None if text == "any" else text
        return table(text) if text.startswith("table(") else _list6(text, is_not=is_not)
    if words.same(text, "any"):
        return None
    if words.same(text, "me"):
        return "me"
    return table(text) if text.startswith("table(") else _list4(text, words, is_not=is_not)


def _list6(text: str, *, is_not: bool) -> str | None:
    found = []
    for item in text.split(","):
        host, slash, length = item.partition("/")
        if not is_ipv6(host):
            raise Refused(f"hostname ``{host}'' unknown", NOHOST)
        width = atoi(length) if slash else 128
        if not 0 <= width <= 128:
            raise Refused(f"bad width ``{length}''")
        if width:
            network = ipaddress.ip_network(f"{host}/{width}", strict=False)
            found.append(str(network.network_address) + ("" if width == 128 else f"/{width}"))
    if not found and is_not:
        raise Refused("not any never matches")
    return ",".join(found) or None


def _list4(text: str, words: Words, *, is_not: bool) -> str | None:
    """Read a list of IPv4 addresses; one that means every address makes the whole list mean that."""
    found: list[str] = []
    rest: str | None = text
    while rest is not None:
        match = re.match(r"([^/:,{]*)(?:([/:])([^,{]*))?", rest)
        assert match
        base, mask = ipv4(match[1], words), _mask(match[2], match[3], rest[match.end() :])
        after = rest[match.end() :]
        if after.startswith("{"):
            if found:
                raise Refused("address set cannot be in a list")
            return address_set(base & mask, mask, after[1:])
        rest = after[1:] if after else None
        if not mask:
            if is_not and rest is None and not found:
                raise Refused("not any never matches")
            return None
        found.append(masked(base & mask, mask))
    if len(found) > MOST_ADDRESSES:
        raise Refused("address list too long")
    return ",".join(found)


def _mask(kind: str | None, text: str, after: str) -> int:
    """Read a mask or a width behind an address; a set without one is of 24 bits."""
    if kind == ":":
        try:
            return int.from_bytes(socket.inet_aton(text), "big")
        except OSError:
            raise Refused(f"bad netmask ``{text}''") from None
    if kind == "/":
        width = atoi(text)
        if width > 32:
            raise Refused(f"bad width ``{text}''")
        return 0xFFFFFFFF << (32 - width) & 0xFFFFFFFF if width > 0 else 0
    return 0xFFFFFF00 if after.startswith("{") else 0xFFFFFFFF


def masked(base: int, mask: int) -> str:
    """Print an address with its mask: nothing for a host, a width, or the mask itself where it has gaps."""
    shown = str(ipaddress.IPv4Address(base))
    width = mask.bit_count()
    if mask != (0xFFFFFFFF << (32 - width) & 0xFFFFFFFF):
        return f"{shown}:{ipaddress.IPv4Address(mask)}"
    return shown if width == 32 else f"{shown}/{width}"


def address_set(base: int, mask: int, text: str) -> str:
    """Read a set of addresses in one small network, `10.0.0.0/24{1,5-9}`."""
    width = mask.bit_count()
    if not 24 <= width <= 31:
        raise Refused(f"invalid set with mask {width}\n")
    low, size = base & 0xFF, 1 << (32 - width)
    inside, closed, _ = text.partition("}")
    members: set[int] = set()
    for part in inside.split(","):
        ends = [atoi(end) for end in part.split("-")]
        for end in ends:
            if not low <= end < low + size:
                raise Refused(f"addr {end} out of range [{low}-{low + size - 1}]\n")
        if ends[0] > ends[-1]:
            raise Refused(f"invalid range {ends[0]}-{ends[-1]}")
        members.update(range(ends[0], ends[-1] + 1))
    if not closed:
        raise Refused("set not closed\n")
    return f"{ipaddress.IPv4Address(base)}/{width}{{{_runs(sorted(members))}}}"


def _runs(numbers: list[int]) -> str:
    """Print numbers, those in a row as a range."""
    shown: list[list[int]] = []
    for number in numbers:
        if shown and shown[-1][-1] == number - 1:
            shown[-1].append(number)
        else:
            shown.append([number])
    return ",".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in shown)


def ports(text: str, words: Words) -> str | None:
    """Read ports: numbers (which wrap at 65536), names, ranges, joined by commas; None when they are none."""
    found = []
    rest = text
    while rest:
        low, rest = _port(rest)
        high = low
        if rest.startswith("-") and low is not None:
            high, rest = _port(rest[1:])
            if rest[:1] not in {"", ","}:
                return None
        if low is None or high is None:
            return None
        if rest[:1] not in {"", ","}:
            words.warn(f"port list: invalid separator <{rest[0]}> in <{text}>")
            return None
        found.append(f"{low}" if low == high else f"{low}-{high}")
        rest = rest[1:]
    if len(found) > MOST_PORTS:
        raise Refused("too many ports/ranges\n")
    return ",".join(found) or None


def _port(text: str) -> tuple[int | None, str]:
    """Read one port at the beginning of a text; None when there is none."""
    number = _NUMBER.match(text)
    if number:
        return c_number(number[0]) & 0xFFFF, text[number.end() :]
    match = re.match(r"(?:[A-Za-z0-9_.]|\\.)*", text)
    name = match[0] if match else ""
    return SERVICES.get(name.replace("\\", "")), text[len(name) :]


def flags(text: str, known: tuple[str, ...]) -> str:
    """Read `syn,!ack` against the flags that there are; printed in the kernel's order."""
    on: set[str] = set()
    off: set[str] = set()
    for word in text.split(","):
        name = word.removeprefix("!")
        if name not in known:
            raise Refused(f"invalid flag {name}")
        (off if word.startswith("!") else on).add(name)
    shown = [mark + name for name in known for mark, chosen in (("", on), ("!", off)) if name in chosen]
    return ",".join(shown)


def icmp_types(text: str, highest: int, name: str) -> str:
    """Read numbers of ICMP types; printed in order."""
    numbers = set()
    for word in text.split(","):
        if not _NUMBER.fullmatch(word):
            raise Refused(f"invalid {name} type")
        if c_number(word) > highest:
            raise Refused(f"{name} type out of range")
        numbers.add(c_number(word))
    return ",".join(str(number) for number in sorted(numbers))


def interface(text: str) -> str | None:
    """Read what stands behind via, recv and xmit; None when every interface will do."""
    if text == "any":
        return None
    if text.startswith("table("):
        return table(text)
    if not text[:1].isdecimal():
        return text[:LONGEST_INTERFACE]
    try:
        return str(ipaddress.IPv4Address(socket.inet_aton(text)))
    except OSError:
        raise Refused(f"bad ip address ``{text}''") from None
