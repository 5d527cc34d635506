"""Addresses, ports, lists of numbers and flags in the form in which ipfw prints them.

Each function takes one word as it was typed. What ipfw refuses, or would take for something else than what
stands there, raises InvalidInput; what it may know and we do not raises NotUnderstood.

Source: reference ipfw §2, §4, §12; captures ipfw (13.2).
"""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv4Address, IPv4Network, IPv6Address, IPv6Network, NetmaskValueError

from apps.freebsd.errors import InvalidInput
from apps.freebsd.firewall.services import SERVICES
from apps.freebsd.firewall.words import DSCP, FLAG_ALIASES, FLAGS, LIMIT_MASKS

HIGHEST_PORT = 65535
MOST_RANGES = 30  # of ports in one list: the kernel takes no longer one, and ipfw -n does not tell
MOST_IPV4, MOST_IPV6 = 31, 7  # addresses in one list
NAME = r"[A-Za-z0-9_.][A-Za-z0-9_.-]{0,62}"
_TABLE = re.compile(rf"table\(({NAME})(?:,([A-Za-z0-9.:-]{{1,45}}))?\)")
_NUMBER = re.compile(r"0|[1-9][0-9]*")
_PORT = re.compile(r"(?:0|[1-9][0-9]*)|(?:[A-Za-z](?:[A-Za-z0-9]|\\-)*)")
_SET = re.compile(r"([0-9.]+)(?:/([0-9]+))?\{([0-9,-]+)\}")
_INTERFACE = re.compile(r"[A-Za-z][A-Za-z0-9_.*?\[\]-]{0,14}")
_WORD = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_.-]{0,254}")


class NotUnderstood(Exception):
    """Something stands there that may be ipfw's and that we do not know."""


def number(word: str, lowest: int, highest: int, what: str) -> str:
    """Return a whole number as ipfw prints it.

    Raises:
        InvalidInput: It is none, or out of its range.
    """
    if not _NUMBER.fullmatch(word) or not lowest <= int(word) <= highest:
        raise InvalidInput(f"{what} is a number from {lowest} to {highest}, and {word} is none.")
    return word


def looks_like_ports(word: str) -> bool:
    """Tell whether ipfw would take a word after an address for ports."""
    first = re.split(r"(?<!\\)[,-]", word, maxsplit=1)[0].replace("\\-", "-")
    return word[:1].isdigit() or first in SERVICES


def ports(word: str) -> str:
    """Return a list of ports with the numbers for the names: `ssh,8000-8009` is `22,8000-8009`.

    Raises:
        InvalidInput: A port is beyond 65535 (ipfw would wrap it round), or it is no list of ports.
        NotUnderstood: A name is not known.
    """
    pieces = word.split(",")
    if len(pieces) > MOST_RANGES:
        raise InvalidInput(f"One rule takes at most {MOST_RANGES} ports and ranges; these are {len(pieces)}.")
    return ",".join(_port_range(piece) for piece in pieces)


def _port_range(piece: str) -> str:
    match = re.fullmatch(rf"({_PORT.pattern})(?:-({_PORT.pattern}))?", piece)
    if match is None:
        raise InvalidInput(f"{piece or 'Nothing'} is no port and no range of ports, such as 8000-8009.")
    low, high = (_port(end) if end else None for end in match.groups())
    if high is None or low == high:
        return f"{low}"
    return f"{low}-{high}"


def _port(word: str) -> int:
    if not word.isdigit():
        name = word.replace("\\-", "-")
        if name not in SERVICES:
            raise NotUnderstood(name)
        return SERVICES[name]
    port = int(word)
    if port > HIGHEST_PORT:  # captures ipfw/bad-port
        raise InvalidInput(
            f"Ports end at {HIGHEST_PORT}. ipfw would take {word} and mean port {port % 65536}."
        )
    return port


def numbers(word: str) -> str:
    """Return a list of numbers and ranges.

    Raises:
        InvalidInput: It is none, or out of 0 to 65535.
    """
    if not re.fullmatch(r"[0-9,-]+", word):
        raise InvalidInput(f"{word} is no list of numbers, such as 1,5-9.")
    return ports(word)


def address(word: str) -> str:
    """Return what stands for an address: any, me, me6, a table, a set, or a list of networks.

    Raises:
        InvalidInput: ipfw refuses it, or it is a host's name.
    """
    if word in ("any", "me", "me6"):
        return word
    if word.startswith("table("):
        return table(word)
    if "{" in word:
        return _address_set(word)
    pieces = word.split(",")
    if any(piece.count(":") > 1 for piece in pieces):
        return _listed([_ipv6(piece) for piece in pieces], MOST_IPV6)
    return _listed([_ipv4(piece) for piece in pieces], MOST_IPV4)


def _listed(networks: list[str], most: int) -> str:
    if len(networks) == 1:
        return networks[0]
    if "any" in networks:
        raise InvalidInput("A network of length 0 in a list means every address: write any instead.")
    if len(networks) > most:
        raise InvalidInput(f"One rule takes at most {most} such addresses in a list: make a table of them.")
    return ",".join(networks)


def _ipv4(piece: str) -> str:
    host, sign, mask = piece.partition("/")
    if not sign:
        host, sign, mask = piece.partition(":")
    base = ipv4(host)
    if not sign:
        return base
    bits = _mask(mask) if "." in mask else _width(mask, 32)
    return _masked(base, bits)


def _masked(base: str, bits: int) -> str:
    masked = IPv4Address(int(IPv4Address(base)) & bits)
    if bits == 0:
        return "any"
    try:
        width = IPv4Network(f"0.0.0.0/{IPv4Address(bits)}").prefixlen
    except (NetmaskValueError, ValueError):
        return f"{masked}:{IPv4Address(bits)}"
    if IPv4Address(bits) != IPv4Network(f"0.0.0.0/{width}").netmask:  # read as a host mask
        return f"{masked}:{IPv4Address(bits)}"
    return str(masked) if width == 32 else f"{masked}/{width}"


def _mask(mask: str) -> int:
    try:
        return int(IPv4Address(mask))
    except AddressValueError:
        raise InvalidInput(f"{mask} is no netmask.") from None


def _width(text: str, most: int) -> int:
    if not _NUMBER.fullmatch(text) or int(text) > most:
        raise InvalidInput(f"A network's length is 0 to {most}, and {text or 'nothing'} is none.")
    return ((1 << int(text)) - 1) << (most - int(text))


def ipv4(text: str) -> str:
    """Return an IPv4 address.

    Raises:
        InvalidInput: It is none.
    """
    try:
        return str(IPv4Address(text))
    except AddressValueError:
        raise InvalidInput(
            f"{text or 'Nothing'} is no address. ipfw would look a name up once, when the rule is added: "
            "write the address itself, or a table."
        ) from None


def _ipv6(piece: str) -> str:
    host, sign, width = piece.partition("/")
    if sign:
        _width(width, 128)
    try:
        network = IPv6Network((IPv6Address(host), int(width) if sign else 128), strict=False)
    except (AddressValueError, ValueError):
        raise InvalidInput(f"{piece or 'Nothing'} is no IPv6 address or network.") from None
    if "%" in piece:
        raise InvalidInput("An IPv6 address in a rule has no zone: say the interface with via.")
    if network.prefixlen == 0:
        return "any"
    return str(network.network_address) if network.prefixlen == 128 else str(network)


def _address_set(word: str) -> str:
    match = _SET.fullmatch(word)
    if match is None:
        raise InvalidInput("A set of addresses is written as 10.0.0.0/24{1,5-9}, and cannot be in a list.")
    base, width, members = match[1], match[2] or "24", match[3]
    if not 24 <= int(width) <= 31:
        raise InvalidInput("A set of addresses is of a network of length 24 to 31.")
    start = int(IPv4Address(ipv4(base))) & _width(width, 32)
    low = start & 0xFF
    wanted = _members(members, low, low + (1 << (32 - int(width))) - 1)
    return f"{IPv4Address(start)}/{width}{{{_runs(wanted)}}}"


def _members(text: str, low: int, high: int) -> list[int]:
    found: set[int] = set()
    for piece in text.split(","):
        ends = piece.split("-")
        if len(ends) > 2 or not all(_NUMBER.fullmatch(end) for end in ends):
            raise InvalidInput(f"{piece or 'Nothing'} is no last part of an address and no range of them.")
        first, last = int(ends[0]), int(ends[-1])
        if not low <= first <= last <= high:
            raise InvalidInput(f"{piece} is not in this network: its addresses end in {low} to {high}.")
        found.update(range(first, last + 1))
    return sorted(found)


def _runs(wanted: list[int]) -> str:
    """Write three or more in a row as a range, as ipfw does."""
    pieces: list[str] = []
    index = 0
    while index < len(wanted):
        end = index
        while end + 1 < len(wanted) and wanted[end + 1] == wanted[end] + 1:
            end += 1
        if end - index >= 2:
            pieces.append(f"{wanted[index]}-{wanted[end]}")
            index = end + 1
        else:
            pieces.append(str(wanted[index]))
            index += 1
    return ",".join(pieces)


def table(word: str) -> str:
    """Return a table as rules name it: `table(jails)`, `table(jails,1)`.

    Raises:
        InvalidInput: Its name is none.
    """
    if not _TABLE.fullmatch(word):
        raise InvalidInput("A table is named as table(NAME): 1 to 63 letters, digits, _, . and -.")
    return word


def table_name(word: str) -> str:
    """Return a table's name.

    Raises:
        InvalidInput: It is none, or would be read as an option.
    """
    if not re.fullmatch(NAME, word):
        raise InvalidInput(
            "A table's name is 1 to 63 letters, digits, _, . and -, and does not begin with -."
        )
    return word


def interface(word: str) -> str:
    """Return what `via`, `recv` and `xmit` are given.

    Raises:
        InvalidInput: It is no interface, pattern, table or IPv4 address.
    """
    if word.startswith("table("):
        return table(word)
    if word[:1].isdigit():
        return ipv4(word)
    if not _INTERFACE.fullmatch(word):
        raise InvalidInput(f"{word} is no interface: at most 15 letters and digits, such as vtnet0 or lo*.")
    return word


def icmp_types(word: str, highest: int) -> str:
    """Return a list of ICMP types in the order of printing.

    Raises:
        InvalidInput: One is out of its range.
    """
    return ",".join(
        map(str, sorted({int(number(piece, 0, highest, "An ICMP type")) for piece in word.split(",")}))
    )


def flags(option: str, word: str) -> str:
    """Return a list of flags in the order of printing: set ones plain, clear ones with `!`.

    Raises:
        InvalidInput: One is unknown.
    """
    known = FLAGS[option]
    asked: set[str] = set()
    for piece in word.split(","):
        sign, name = ("!", piece[1:]) if piece.startswith("!") else ("", piece)
        name = FLAG_ALIASES.get(name, name)
        if name not in known or (sign and option == "ext6hdr"):
            raise InvalidInput(f"{piece or 'Nothing'} is no flag of {option}: it knows {', '.join(known)}.")
        asked.add(sign + name)
    return ",".join(sign + name for name in known for sign in ("", "!") if sign + name in asked)


def is_flags(option: str, word: str) -> bool:
    """Tell whether a word is a list of an option's flags."""
    return all(piece.removeprefix("!") in FLAGS[option] for piece in word.split(","))


def dscp(word: str) -> str:
    """Return a list of DSCP values by their names, in the order of their numbers.

    Raises:
        InvalidInput: One is unknown.
    """
    codes = sorted({_dscp(piece) for piece in word.split(",")})
    return ",".join(dscp_name(code) for code in codes)


def _dscp(piece: str) -> int:
    return DSCP[piece] if piece in DSCP else int(number(piece, 0, 63, "A DSCP value"))


def dscp_name(code: int) -> str:
    """Return a DSCP value as ipfw prints it."""
    return next((name for name, value in DSCP.items() if value == code), str(code))


def word(text: str) -> str:
    """Return a name or number that ipfw looks up itself (a user, a group, a jail).

    Raises:
        InvalidInput: It is no plain word.
    """
    if not _WORD.fullmatch(text):
        raise InvalidInput(f"{text} is no name and no number.")
    return text


def limit_masks(words: list[str]) -> str:
    """Return what a limit counts by, joined as ipfw prints it.

    Raises:
        InvalidInput: Nothing is said.
    """
    if not words:
        raise InvalidInput("limit must say by what it counts: src-addr, src-port, dst-addr or dst-port.")
    if "all" in words or set(LIMIT_MASKS[1:]) <= set(words):
        return "all"
    return ",".join(mask for mask in LIMIT_MASKS if mask in words)
