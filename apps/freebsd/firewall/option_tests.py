"""Tests that options make, as functions on what is seen of a packet.

Source: reference ipfw §2, §6.2.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from typing import Final

from apps.freebsd.firewall.address_tests import (
    Test,
    address_test,
    found_in_table,
    port_test,
    read_ranges,
    table_parts,
)
from apps.freebsd.firewall.places import read_address
from apps.freebsd.firewall.sight import (
    ACK_BIT,
    FLAG_BITS,
    ICMP,
    ICMP6,
    RST_BIT,
    SYN_BIT,
    TCP,
    UDP,
    Sight,
    proto_number,
)

_DSCP = {f"cs{step}": step * 8 for step in range(8)} | {"be": 0, "va": 44, "ef": 46}
_DSCP |= {f"af{step}{drop}": step * 8 + drop * 2 for step in range(1, 5) for drop in range(1, 4)}
_TOS_BITS = {"lowdelay": 0x10, "throughput": 0x08, "reliability": 0x04, "mincost": 0x02, "congestion": 0x01}


def proto_test(value: str) -> Test:
    """Return the test of a protocol: `ip` is both kinds, `ip4` and `ip6` are one.

    Raises:
        ValueError: We know no such protocol.
    """
    if value in ("ip", "all"):
        return lambda _sight: True
    if value in ("ip4", "ipv4", "ip6", "ipv6"):
        family = int(value[-1])
        return lambda sight: sight.family == family
    number = proto_number(value)
    return lambda sight: sight.proto == number


def _interface_test(of: Callable[[Sight], str]) -> Callable[[str], Test]:
    """`via`, `recv` and `xmit`: a name, a pattern, a table of names, or an address that is on it."""

    def make(value: str) -> Test:
        if value == "any":
            return lambda _sight: True
        if value.startswith("table("):
            name, wanted = table_parts(value)
            return lambda sight: found_in_table(sight, sight.tables.word_value(name, of(sight)), wanted)
        if any(sign in value for sign in "*?["):
            return lambda sight: fnmatchcase(of(sight), value)
        if value[:1].isdigit():
            address = read_address(value)
            return lambda sight: address in sight.places.on.get(of(sight), ())
        return lambda sight: of(sight) == value

    return make


def _flags_test(value: str) -> Test:
    wanted = unwanted = 0
    for flag in value.split(","):
        if flag.startswith("!"):
            unwanted |= FLAG_BITS[flag[1:]]
        else:
            wanted |= FLAG_BITS[flag]
    return lambda sight: (
        sight.proto == TCP
        and not sight.fragment
        and sight.flags & wanted == wanted
        and not sight.flags & unwanted
    )


def _setup_test(_value: str) -> Test:
    return lambda sight: (
        sight.proto == TCP and not sight.fragment and sight.flags & (SYN_BIT | ACK_BIT) == SYN_BIT
    )


def _established_test(_value: str) -> Test:
    seen = RST_BIT | ACK_BIT | SYN_BIT
    return lambda sight: sight.proto == TCP and not sight.fragment and sight.flags & seen != SYN_BIT


def _frag_test(value: str) -> Test:
    tests: list[Test] = [_one_frag_test(word) for word in (value or "offset").split(",")]
    return lambda sight: all(test(sight) for test in tests)


def _one_frag_test(word: str) -> Test:
    if word.startswith("!"):
        inner = _one_frag_test(word[1:])
        return lambda sight: not inner(sight)
    known: Mapping[str, Test] = {
        "offset": lambda sight: sight.fragment > 0,
        "mf": lambda sight: sight.more,
        "df": lambda sight: sight.packet.is_unfragmentable,
        "rf": lambda _sight: False,
    }
    return known[word]


def _icmp_test(proto: int) -> Callable[[str], Test]:
    def make(value: str) -> Test:
        ranges = read_ranges(value)
        return lambda sight: (
            sight.proto == proto
            and not sight.fragment
            and any(low <= sight.icmp_type <= high for low, high in ranges)
        )

    return make


def _number_test(of: Callable[[Sight], int]) -> Callable[[str], Test]:
    def make(value: str) -> Test:
        ranges = read_ranges(value)
        return lambda sight: any(low <= of(sight) <= high for low, high in ranges)

    return make


def _tagged_test(value: str) -> Test:
    ranges = read_ranges(value)
    return lambda sight: any(low <= tag <= high for tag in sight.tags for low, high in ranges)


def _tos_test(value: str) -> Test:
    words = value.split(",")
    wanted = sum(_TOS_BITS[word] for word in words if not word.startswith("!"))
    unwanted = sum(_TOS_BITS[word[1:]] for word in words if word.startswith("!"))
    return lambda sight: sight.packet.tos & wanted == wanted and not sight.packet.tos & unwanted


def _dscp_test(value: str) -> Test:
    wanted = frozenset(_DSCP[word] if word in _DSCP else int(word) for word in value.split(","))
    return lambda sight: sight.packet.tos >> 2 in wanted


def _reverse_path(sight: Sight) -> bool:
    """The way back to the source leads over the interface on which it came."""
    if not sight.is_in:
        return True
    return sight.places.route(sight.family, sight.src) == sight.recv


def _source_reachable(sight: Sight) -> bool:
    """There is a way to the source other than the default route."""
    if not sight.is_in:
        return True
    places = sight.places
    through = places.goes_through_loopback(sight.family, sight.src)
    return through or bool(places.connected(sight.family, sight.src))


def _antispoof(sight: Sight) -> bool:
    """Who is in a network of the host's comes in on its interface; the host itself over loopback."""
    places = sight.places
    if not sight.is_in:
        return True
    if places.goes_through_loopback(sight.family, sight.src):
        return sight.recv == places.world.loopback
    connected = places.connected(sight.family, sight.src)
    return not connected or connected == sight.recv


def _lookup_test(value: str) -> Test:
    key, name = value.split(" ", 1)
    if key not in ("src-ip", "dst-ip", "src-port", "dst-port"):
        raise ValueError(value)

    def test(sight: Sight) -> bool:
        if key.endswith("-ip"):
            number = sight.src if key == "src-ip" else sight.dst
            return found_in_table(sight, sight.tables.address_value(name, sight.family, number), "")
        port = sight.sport if key == "src-port" else sight.dport
        return sight.has_ports and found_in_table(sight, sight.tables.word_value(name, str(port)), "")

    return test


def _jail_test(value: str) -> Test:
    """TCP and UDP with a socket here: who sent it, or who holds the address that it goes to."""

    def test(sight: Sight) -> bool:
        jails = {jail.name: jail.jid for jail in sight.places.world.jails}
        if None in jails.values():
            sight.unsure.append(
                "The numbers of running jails are not known here: “jail” is taken as not met."
            )
            return False
        jid = jails.get(sight.places.owner(sight.family, sight.dst)) if sight.is_in else sight.jid
        return sight.proto in (TCP, UDP) and jid is not None and str(jid) == value

    return test


def _never(_value: str) -> Test:
    return lambda _sight: False


def _constant(test: Test) -> Callable[[str], Test]:
    return lambda _value: test


OPTION_TESTS: Final[Mapping[str, Callable[[str], Test]]] = {
    "proto": proto_test,
    "src": lambda value: address_test(value, is_source=True),
    "dst": lambda value: address_test(value, is_source=False),
    "src-ip": lambda value: address_test(value, is_source=True),
    "dst-ip": lambda value: address_test(value, is_source=False),
    "src-ip6": lambda value: address_test(value, is_source=True),
    "dst-ip6": lambda value: address_test(value, is_source=False),
    "src-port": lambda value: port_test(value, is_source=True),
    "dst-port": lambda value: port_test(value, is_source=False),
    "in": _constant(lambda sight: sight.is_in),
    "out": _constant(lambda sight: not sight.is_in),
    "via": _interface_test(lambda sight: sight.via),
    "recv": _interface_test(lambda sight: sight.recv),
    "xmit": _interface_test(lambda sight: sight.xmit),
    "setup": _setup_test,
    "established": _established_test,
    "tcpflags": _flags_test,
    "frag": _frag_test,
    "icmptypes": _icmp_test(ICMP),
    "icmp6types": _icmp_test(ICMP6),
    "ip4": _constant(lambda sight: sight.family == 4),
    "ipv4": _constant(lambda sight: sight.family == 4),
    "ip6": _constant(lambda sight: sight.family == 6),
    "ipv6": _constant(lambda sight: sight.family == 6),
    "ipttl": _number_test(lambda sight: sight.packet.ttl),
    "iplen": _number_test(lambda sight: sight.packet.length),
    "ipid": _number_test(lambda sight: sight.packet.ip_id),
    "ipver": _number_test(lambda sight: sight.family),
    "dscp": _dscp_test,
    "ipprecedence": _number_test(lambda sight: sight.packet.tos >> 5),
    "iptos": _tos_test,
    "tagged": _tagged_test,
    "verrevpath": _constant(_reverse_path),
    "versrcreach": _constant(_source_reachable),
    "antispoof": _constant(_antispoof),
    "lookup": _lookup_test,
    "jail": _jail_test,
    "layer2": _never,  # the passes that we walk are those of IP, not of Ethernet frames
    "mac": _never,
    "MAC": _never,
    "diverted": _never,
    "diverted-loopback": _never,
    "diverted-output": _never,
}
