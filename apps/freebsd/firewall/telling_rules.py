"""Packets that a rule is about, and packets just beside it.

Source: reference ipfw §2.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from apps.freebsd.firewall.address_tests import read_ranges
from apps.freebsd.firewall.compare import Conversation
from apps.freebsd.firewall.model import Rule, Term
from apps.freebsd.firewall.sight import WITH_PORTS, proto_number
from apps.freebsd.firewall.telling_cast import Cast, End
from apps.freebsd.firewall.telling_made import Wish, conversation

_USUAL_PORT = 80
_ONLY_IPV6 = frozenset({"ip6", "ipv6", "ipv6-icmp"})
_ANSWERED_PORT = 50000  # of a rule that names the source port only: it is about answers
_MOST_PORTS = 3  # of a rule that lists many


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a rule asks of packets, so far as packets can be made of it."""

    protos: tuple[str, ...]
    sources: tuple[End, ...]
    destinations: tuple[End, ...]
    source_port: int
    ports: tuple[int, ...]
    direction: str
    interface: str
    icmp_type: int | None
    is_established: bool
    family: int


def about_rule(rule: Rule, cast: Cast) -> Iterator[Conversation]:
    """Return conversations that a rule's own addresses, ports and options describe."""
    if rule.unread or rule.action in ("check-state", "return"):
        return
    asked = _asked(rule, cast)
    for proto, (source, destination) in product(asked.protos, _pairs(asked, cast)):
        if not _fits(proto, source):
            continue
        for port in asked.ports if _has_ports(proto) else (0,):
            yield conversation(_wish(asked, proto, port), source, destination, cast)


def beside_rule(rule: Rule, cast: Cast) -> Iterator[Conversation]:
    """Return conversations just beside a rule: the next port, an address outside its networks."""
    if rule.unread or rule.action in ("check-state", "return"):
        return
    asked = _asked(rule, cast)
    for proto in asked.protos:
        pairs = [pair for pair in _pairs(asked, cast) if _fits(proto, pair[0])]
        if _has_ports(proto) and _term(rule, "dst-port"):
            for source, destination in pairs[:1]:
                yield conversation(_wish(asked, proto, _next(asked.ports)), source, destination, cast)
        for source, destination in _outside(rule, pairs, cast):
            port = asked.ports[0] if _has_ports(proto) else 0
            yield conversation(_wish(asked, proto, port), source, destination, cast)


def _fits(proto: str, end: End) -> bool:
    """Each kind of IP has an ICMP of its own."""
    return {"icmp": 4, "ipv6-icmp": 6}.get(proto, end.family) == end.family


def _outside(rule: Rule, pairs: list[tuple[End, End]], cast: Cast) -> Iterator[tuple[End, End]]:
    """Take the first pair, and put one of its ends just outside of what the rule names."""
    for source, destination in pairs[:1]:
        for term in rule.source:
            for net in cast.nets(term)[:1]:
                yield cast.beside(net), destination
        for term in rule.destination:
            for net in cast.nets(term)[:1]:
                yield source, cast.beside(net)


def _next(ports: tuple[int, ...]) -> int:
    return ports[-1] + 1 if ports[-1] < 65535 else ports[-1] - 1


def _asked(rule: Rule, cast: Cast) -> _Asked:
    icmp = _term(rule, "icmptypes") or _term(rule, "icmp6types")
    source_ports = _ports(_term(rule, "src-port"))
    return _Asked(
        protos=_protos(rule),
        sources=tuple(cast.of_clause(rule.source)),
        destinations=tuple(cast.of_clause(rule.destination)),
        source_port=source_ports[0] if source_ports else 0,
        ports=_ports(_term(rule, "dst-port")) or (_ANSWERED_PORT if source_ports else _USUAL_PORT,),
        direction="in" if _term(rule, "in") else "out" if _term(rule, "out") else "",
        interface=_interface(rule, cast),
        icmp_type=read_ranges(icmp.value)[0][0] if icmp else None,
        is_established=_is_under_way(rule),
        family=6 if any(term.value in _ONLY_IPV6 for term in rule.proto) or _term(rule, "icmp6types") else 4,
    )


def _is_under_way(rule: Rule) -> bool:
    """Whether it is about connections that were begun before: it says so, or names the source port only."""
    if _term(rule, "established"):
        return True
    return bool(_term(rule, "src-port")) and not _term(rule, "dst-port") and not _term(rule, "setup")


def _wish(asked: _Asked, proto: str, port: int) -> Wish:
    return Wish(proto, port, asked.source_port, asked.icmp_type, asked.is_established, asked.interface)


def _term(rule: Rule, name: str) -> Term | None:
    """Return the first plain term of that name."""
    found = (term for clause in rule.clauses for term in clause if term.name == name and not term.is_not)
    return next(found, None)


def _ports(term: Term | None) -> tuple[int, ...]:
    """Return a few ports of a list: each one, and both ends of a range."""
    if term is None:
        return ()
    try:
        ranges = read_ranges(term.value)
    except ValueError:
        return ()
    return tuple(dict.fromkeys(port for pair in ranges for port in pair))[:_MOST_PORTS]


def _interface(rule: Rule, cast: Cast) -> str:
    """Return the interface that a rule names, if the host has it and it is not loopback."""
    term = _term(rule, "recv") or _term(rule, "via") or _term(rule, "xmit")
    names = {one.name for one in cast.world.interfaces} - {cast.world.loopback}
    return term.value if term and term.value in names else ""


def _protos(rule: Rule) -> tuple[str, ...]:
    names = [_proto(term) for term in rule.proto]
    if _term(rule, "icmptypes"):
        names = ["icmp"]
    if _term(rule, "icmp6types"):
        names = ["ipv6-icmp"]
    return tuple(dict.fromkeys(names)) or ("tcp",)


def _proto(term: Term) -> str:
    """Return what stands for a protocol: TCP for all of IP."""
    try:
        proto_number(term.value)
    except ValueError:
        return "tcp"
    return "tcp" if term.is_not and term.value != "tcp" else "udp" if term.is_not else term.value


def _has_ports(proto: str) -> bool:
    return proto_number(proto) in WITH_PORTS


def _pairs(asked: _Asked, cast: Cast) -> list[tuple[End, End]]:
    """Return who sends to whom: where the rule says `any`, who it may be follows from the other end."""
    sources = asked.sources or _anybody(asked, cast)
    return [
        (source, destination)
        for source in sources
        for destination in asked.destinations or _other_end(source, asked, cast)
        if source.family == destination.family and source.address != destination.address
    ]


def _anybody(asked: _Asked, cast: Cast) -> list[End]:
    destinations, is_sending = asked.destinations, asked.direction != "in"
    families = dict.fromkeys(end.family for end in destinations) or {asked.family: None}
    far = [cast.far[family] for family in families]
    local = [end for family in families for end in cast.nearest(family)]
    if destinations and all(end.is_local for end in destinations):
        return [*far, *local[:1]] if is_sending else far
    return [*local, *far] if is_sending and not destinations else local if is_sending else far


def _other_end(source: End, asked: _Asked, cast: Cast) -> list[End]:
    """Return whom somebody sends to where the rule does not say."""
    if source.is_local and asked.direction != "in":
        return [cast.far[source.family]]
    return cast.nearest(source.family)[::-1]
