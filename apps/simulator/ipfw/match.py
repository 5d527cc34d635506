"""Whether a packet passes the tests of a rule, instruction by instruction as the kernel does it.

Source: reference ipfw.md §2, §6.2–6.4; ipfw(8) for verrevpath, versrcreach and antispoof.
"""

from __future__ import annotations

import fnmatch
import functools
import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from apps.simulator.ipfw.model import Entry, Instruction, Table
from apps.simulator.ipfw.packets import ICMP, ICMP6, TCP, UDP, Hop, Packet
from apps.simulator.ipfw.roads import LOOPBACK, Roads

_TABLE = re.compile(r"table\(([^,)]+)(?:,([^)]+))?\)")
_SOME_OF = re.compile(r"([0-9.]+)/(\d+)\{([0-9,-]+)\}")
_LOGINS = {"root": 0, "toor": 0, "daemon": 1, "www": 80, "nobody": 65534}
_SYN_OR_LATER = frozenset({"rst", "ack", "syn"})
_ROOM = 65536
_WIDTH = {4: 32, 6: 128}


@dataclass(slots=True)
class Sight:
    """What the tests of a pass can see.

    Attributes:
        packet: as it is now.
        hop: where it meets the firewall.
        roads: the host's interfaces and addresses.
        tables: by name.
        tags: that rules have put on the packet.
        table_value: what the last table that matched gave; `tablearg` stands for it.
    """

    packet: Packet
    hop: Hop
    roads: Roads
    tables: dict[str, Table]
    tags: set[int] = field(default_factory=set)
    table_value: str = "0"


def holds(clause: list[Instruction], sight: Sight) -> bool:
    """Tell whether one of an or-block's tests holds."""
    return any(_test(instruction, sight) for instruction in clause)


def _test(instruction: Instruction, sight: Sight) -> bool:
    known = _TESTS.get(instruction.name)
    return (known is not None and known(instruction.value, sight)) != instruction.is_not


def table_value(sight: Sight, name: str, key: str) -> str | None:
    """Look a key up in a table.

    Args:
        sight: whose tables are asked.
        name: of the table.
        key: an address, a number or an interface's name.

    Returns:
        The value of the most exact entry; None when there is none.
    """
    table = sight.tables.get(name)
    if table is None:
        return None
    fitting = [(_width(entry, key, table.kind), entry.value) for entry in table.entries]
    best = max(fitting, default=(-1, ""))
    return best[1] if best[0] >= 0 else None


def _width(entry: Entry, key: str, kind: str) -> int:
    """Say how exactly an entry fits a key; -1 is not at all."""
    if kind != "addr":
        return 0 if entry.key == key else -1
    try:
        net = _net(entry.key)
    except ValueError:
        return -1
    version, number = _number(key)
    return net[3] if version == net[0] and number & net[2] == net[1] else -1


@functools.lru_cache(_ROOM)
def _number(address: str) -> tuple[int, int]:
    ip = ipaddress.ip_address(address)
    return ip.version, int(ip)


@functools.lru_cache(_ROOM)
def _net(text: str) -> tuple[int, int, int, int]:
    """Give version, address, mask and width; a mask after a colon may have holes."""
    address, colon, mask_text = text.partition(":") if text.count(":") == 1 else (text, "", "")
    if colon:
        mask = int(ipaddress.ip_address(mask_text))
        return 4, int(ipaddress.ip_address(address)) & mask, mask, mask.bit_count()
    net = ipaddress.ip_network(text, strict=False)
    return net.version, int(net.network_address), int(net.netmask), net.prefixlen


@functools.lru_cache(_ROOM)
def _nets(value: str) -> tuple[tuple[int, int, int, int], ...]:
    """Take a list of addresses apart."""
    chosen = _SOME_OF.fullmatch(value)
    if chosen is None:
        return tuple(_net(item) for item in value.split(","))
    base = int(ipaddress.ip_address(chosen[1])) & ~0xFF
    return tuple(
        (4, base + last, 0xFFFFFFFF, 32) for low, high in _spans(chosen[3]) for last in range(low, high + 1)
    )


@functools.lru_cache(_ROOM)
def _spans(value: str) -> tuple[tuple[int, int], ...]:
    """Take a list of numbers apart, `22,8000-8009`."""
    spans = (item.partition("-") for item in value.split(","))
    return tuple((int(low), int(high or low)) for low, _, high in spans)


def _among(value: str, number: int) -> bool:
    return any(low <= number <= high for low, high in _spans(value))


def _address(value: str, address: str, sight: Sight) -> bool:
    if value == "any":
        return True
    if value == "me":
        return address in sight.roads.own
    if value == "me6":
        return ":" in address and address in sight.roads.own
    if value.startswith("table("):
        return _in_table(value, address, sight)
    version, number = _number(address)
    return any(version == net[0] and number & net[2] == net[1] for net in _nets(value))


def _in_table(value: str, key: str, sight: Sight) -> bool:
    """Look a key up in `table(NAME)` or `table(NAME,VALUE)`, and keep what it gives."""
    words = _TABLE.fullmatch(value)
    found = table_value(sight, words[1], key) if words else None
    if words is None or found is None or words[2] not in (None, found):
        return False
    sight.table_value = found
    return True


def _interface(value: str, name: str, sight: Sight) -> bool:
    if not name:
        return False
    if value.startswith("table("):
        return _in_table(value, name, sight)
    if value[:1].isdigit():
        return value in sight.roads.addresses.get(name, ())
    return fnmatch.fnmatchcase(name, value)


def _xmit(value: str, sight: Sight) -> bool:
    return sight.hop.leaving and _interface(value, sight.hop.interface, sight)


def _tcp_flags(value: str, sight: Sight) -> bool:
    packet = sight.packet
    if packet.proto != TCP or packet.offset:
        return False
    return all((item.lstrip("!") in packet.flags) != item.startswith("!") for item in value.split(","))


def _established(_value: str, sight: Sight) -> bool:
    packet = sight.packet
    return packet.proto == TCP and not packet.offset and packet.flags & _SYN_OR_LATER != {"syn"}


def _fragment(value: str, sight: Sight) -> bool:
    packet = sight.packet
    facts = {"offset": packet.offset > 0, "mf": packet.more, "df": False, "rf": False}
    wanted = (value or "offset").split(",")
    return all(facts.get(item.lstrip("!"), False) != item.startswith("!") for item in wanted)


def _icmp_types(proto: int) -> Callable[[str, Sight], bool]:
    def test(value: str, sight: Sight) -> bool:
        packet = sight.packet
        if packet.proto != proto or packet.icmp_type is None or packet.offset:
            return False
        return _among(value, packet.icmp_type)

    return test


def _user(value: str, sight: Sight) -> bool:
    wanted = int(value) if value.isdecimal() else _LOGINS.get(value, -1)
    return sight.packet.proto in (TCP, UDP) and sight.packet.uid == wanted


def _jail(value: str, sight: Sight) -> bool:
    return (
        sight.packet.proto in (TCP, UDP) and sight.packet.jid is not None and str(sight.packet.jid) == value
    )


def _lookup(value: str, sight: Sight) -> bool:
    key, _, table = value.partition(" ")
    packet = sight.packet
    keys = {
        "src-ip": packet.src,
        "dst-ip": packet.dst,
        "src-port": str(packet.sport),
        "dst-port": str(packet.dport),
        "jail": str(packet.jid or 0),
        "uid": str(packet.uid or 0),
    }
    found = table_value(sight, table, keys[key]) if key in keys else None
    sight.table_value = sight.table_value if found is None else found
    return found is not None


def _reverse_path(_value: str, sight: Sight) -> bool:
    hop = sight.hop
    return hop.leaving or not hop.interface or sight.roads.way_to(sight.packet.src) == hop.interface


def _reachable(_value: str, sight: Sight) -> bool:
    return sight.hop.leaving or sight.roads.connected_to(sight.packet.src) != ""


def _no_spoof(_value: str, sight: Sight) -> bool:
    hop, roads, src = sight.hop, sight.roads, sight.packet.src
    home = LOOPBACK if src in roads.own else roads.connected_to(src)
    return hop.leaving or home in ("", hop.interface)


def _src(value: str, sight: Sight) -> bool:
    return _address(value, sight.packet.src, sight)


def _dst(value: str, sight: Sight) -> bool:
    return _address(value, sight.packet.dst, sight)


_TESTS: dict[str, Callable[[str, Sight], bool]] = {
    "proto": lambda value, sight: value.isdecimal() and int(value) == sight.packet.proto,
    "ip4": lambda _value, sight: sight.packet.version == 4,
    "ip6": lambda _value, sight: sight.packet.version == 6,
    "ipver": lambda value, sight: value == str(sight.packet.version),
    **dict.fromkeys(("src", "src-ip", "src-ip6"), _src),
    **dict.fromkeys(("dst", "dst-ip", "dst-ip6"), _dst),
    "src-port": lambda value, sight: sight.packet.shows_ports and _among(value, sight.packet.sport),
    "dst-port": lambda value, sight: sight.packet.shows_ports and _among(value, sight.packet.dport),
    "in": lambda _value, sight: not sight.hop.leaving,
    "out": lambda _value, sight: sight.hop.leaving,
    "via": lambda value, sight: _interface(value, sight.hop.interface, sight),
    "recv": lambda value, sight: _interface(value, sight.hop.received, sight),
    "xmit": _xmit,
    "tcpflags": _tcp_flags,
    "setup": lambda _value, sight: _tcp_flags("syn,!ack", sight),
    "established": _established,
    "frag": _fragment,
    "icmptypes": _icmp_types(ICMP),
    "icmp6types": _icmp_types(ICMP6),
    "ipttl": lambda value, sight: _among(value, sight.packet.ttl),
    "iplen": lambda value, sight: _among(value, sight.packet.length),
    "ipid": lambda value, sight: _among(value, sight.packet.ip_id),
    "tagged": lambda value, sight: any(_among(value, tag) for tag in sight.tags),
    "uid": _user,
    "jail": _jail,
    "lookup": _lookup,
    "verrevpath": _reverse_path,
    "versrcreach": _reachable,
    "antispoof": _no_spoof,
    "fib": lambda value, _sight: value == "0",
}
