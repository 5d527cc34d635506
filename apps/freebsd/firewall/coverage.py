"""Whether all that one rule matches is matched by another, and whether two can match the same packet.

Only what is certain is concluded: `covers` is true, and `is_apart` is true, when it holds for every packet.

Source: reference ipfw §2, §6.3, §6.4.
"""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from apps.freebsd.firewall.model import Clause, Rule, Term

    _Compare = Callable[[str, str], bool]

Network = IPv4Network | IPv6Network
Networks = tuple[Network, ...]
_ADDRESSES = frozenset(("src", "dst", "src-ip", "dst-ip"))
_PORTS = frozenset(("src-port", "dst-port"))
_WAYS = ("via", "recv", "xmit")
_APART = (frozenset(("in", "out")), frozenset(("setup", "established")))
_VERSIONS = ("ip4", "ip6")
_OF_VERSION = {"icmp": "ip4", "igmp": "ip4", "ipv6-icmp": "ip6"}


def networks(texts: Iterable[str]) -> Networks:
    """Return texts as networks."""
    return tuple(ip_network(text, strict=False) for text in texts)


def one_network(text: str) -> Network | None:
    """Return the network that an address's text is, or None when it is several or none."""
    found = _networks_of(text) if text != "any" else None
    return found[0] if found is not None and len(found) == 1 else None


def telling_clauses(rule: Rule) -> tuple[Clause, ...]:
    """Return the clauses of a rule that not every packet meets."""
    return tuple(clause for clause in rule.clauses if not is_any(clause))


def is_any(clause: Clause) -> bool:
    """Tell whether every packet meets a clause."""
    return any(_is_always(term) for term in clause)


def covers(earlier: tuple[Clause, ...], later: tuple[Clause, ...], mine: Networks = ()) -> bool:
    """Tell whether every packet that meets the later clauses meets the earlier ones.

    Args:
        earlier: Clauses that tell (`telling_clauses`).
        later: Others.
        mine: Networks all of whose addresses the host has, or lends to its jails: what `me` means.
    """
    return all(any(_implies(clause, wanted, mine) for clause in later) for wanted in earlier)


def is_apart(one: tuple[Clause, ...], other: tuple[Clause, ...], mine: Networks = ()) -> bool:
    """Tell whether no packet can meet the clauses of both."""
    return any(
        all(_are_apart(term, against, mine) for term in clause for against in opposed)
        for clause in one
        for opposed in other
    )


def _is_always(term: Term) -> bool:
    return not term.is_not and (
        (term.value == "any" and term.name in _ADDRESSES) or (term.name == "proto" and term.value == "ip")
    )


def _implies(clause: Clause, wanted: Clause, mine: Networks) -> bool:
    if clause == wanted:
        return True
    return all(any(_term_implies(term, other, mine) for other in wanted) for term in clause)


def _term_implies(term: Term, wanted: Term, mine: Networks) -> bool:
    if term == wanted:
        return True
    if wanted.name == "proto" and wanted.value in _VERSIONS and not wanted.is_not and not term.is_not:
        return _version(term) == wanted.value
    if term.name != wanted.name:
        return False
    if term.name in _ADDRESSES:
        return _addresses_imply(term, wanted, mine)
    return term.name in _PORTS and _compared(term, wanted, _ports_within, _ports_apart)


def _version(term: Term) -> str:
    """Return which version of IP a test is about: ip4, ip6, or nothing when it may be both."""
    if term.name == "proto":
        return _OF_VERSION.get(term.value, "")
    if term.name not in _ADDRESSES:
        return ""
    if term.value == "me6":
        return "ip6"
    nets = _networks_of(term.value)
    return f"ip{nets[0].version}" if nets else ""


def _addresses_imply(term: Term, wanted: Term, mine: Networks) -> bool:
    if wanted.value == "me" and not wanted.is_not and not term.is_not and mine:
        return _nets_within(term.value, mine)
    return _compared(term, wanted, _within, _nets_apart)


def _compared(term: Term, wanted: Term, within: _Compare, apart: _Compare) -> bool:
    """Compare what two tests of one thing let through, turned round or not."""
    if term.is_not and wanted.is_not:
        return within(wanted.value, term.value)
    if term.is_not:
        return False
    return apart(term.value, wanted.value) if wanted.is_not else within(term.value, wanted.value)


def _are_apart(term: Term, other: Term, mine: Networks) -> bool:
    if frozenset((term.name, other.name)) in _APART:
        return not term.is_not and not other.is_not
    if term.name != other.name or (term.is_not and other.is_not):
        return False
    if term.name == "proto":
        return not term.is_not and not other.is_not and _protocols_apart(term.value, other.value)
    if term.name in _WAYS:
        return _interfaces_apart(term, other)
    if term.name in _ADDRESSES:
        return _addresses_apart(term, other, mine)
    return term.name in _PORTS and _sides_apart(term, other, _ports_within, _ports_apart)


def _addresses_apart(term: Term, other: Term, mine: Networks) -> bool:
    mentions_me = "me" in (term.value, other.value)
    if mentions_me and mine and not term.is_not and not other.is_not:
        nets = _networks_of(other.value if term.value == "me" else term.value)
        return nets is not None and not any(_overlap(net, own) for net in nets for own in mine)
    return _sides_apart(term, other, _within, _nets_apart)


def _sides_apart(term: Term, other: Term, within: _Compare, apart: _Compare) -> bool:
    if other.is_not:
        return within(term.value, other.value)
    return within(other.value, term.value) if term.is_not else apart(term.value, other.value)


def _protocols_apart(one: str, other: str) -> bool:
    if one == other or "ip" in (one, other):
        return False
    if one in _VERSIONS and other in _VERSIONS:
        return True
    for version, proto in ((one, other), (other, one)):
        if version in _VERSIONS:
            return _OF_VERSION.get(proto, version) != version
    return True


def _interfaces_apart(term: Term, other: Term) -> bool:
    literal = all(value.replace("_", "").isalnum() for value in (term.value, other.value))
    return literal and not term.is_not and not other.is_not and term.value != other.value


@lru_cache(maxsize=4096)
def _networks_of(value: str) -> Networks | None:
    """Return what an address's text holds; None when it cannot be told (tables, me, sets, odd masks)."""
    if value == "any":
        return (IPv4Network("0.0.0.0/0"), IPv6Network("::/0"))
    try:
        return tuple(ip_network(piece) for piece in value.split(","))
    except ValueError:
        return None


def _within(inner: str, outer: str) -> bool:
    nets = _networks_of(outer)
    return inner == outer or (nets is not None and _nets_within(inner, nets))


def _nets_within(inner: str, nets: Networks) -> bool:
    found = _networks_of(inner)
    return found is not None and all(any(_holds(outer, net) for outer in nets) for net in found)


def _nets_apart(one: str, other: str) -> bool:
    first, second = _networks_of(one), _networks_of(other)
    if first is None or second is None:
        return False
    return not any(_overlap(net, against) for net in first for against in second)


def _overlap(one: Network, other: Network) -> bool:
    return one.version == other.version and one.overlaps(other)


def _holds(outer: Network, inner: Network) -> bool:
    return (
        outer.version == inner.version
        and outer.prefixlen <= inner.prefixlen
        and inner.network_address in outer
    )


@lru_cache(maxsize=4096)
def _ranges(value: str) -> tuple[tuple[int, int], ...]:
    pairs = (piece.partition("-") for piece in value.split(","))
    return tuple((int(low), int(high or low)) for low, _, high in pairs)


def _ports_within(inner: str, outer: str) -> bool:
    return all(any(a <= low and high <= b for a, b in _ranges(outer)) for low, high in _ranges(inner))


def _ports_apart(one: str, other: str) -> bool:
    return not any(low <= b and a <= high for low, high in _ranges(one) for a, b in _ranges(other))
