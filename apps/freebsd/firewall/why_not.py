"""Why a test did not hold, in plain words: “it goes in, the rule wants out”."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from apps.freebsd.firewall.address_tests import table_parts
from apps.freebsd.firewall.model import Clause, Term
from apps.freebsd.firewall.sight import TCP, Sight, proto_text

_KINDS: Final = {"ip4": "IPv4", "ipv4": "IPv4", "ip6": "IPv6", "ipv6": "IPv6"}


def why_missed(clause: Clause, sight: Sight) -> str:
    """Return a sentence without a full stop about a clause of which nothing held."""
    reasons = [_reason(term, sight) for term in clause]
    return reasons[0] if len(reasons) == 1 else "none of these holds: " + "; ".join(reasons)


def _reason(term: Term, sight: Sight) -> str:
    teller = _TELLERS.get(term.name)
    if teller is not None:
        return teller(term, sight)
    said = f"{term.name} {term.value}".strip()
    return f"the rule wants it without “{said}”" if term.is_not else f"the rule wants “{said}”"


def _wants(term: Term, value: str = "") -> str:
    shown = value or term.value
    return f"the rule wants anything but {shown}" if term.is_not else f"the rule wants {shown}"


def _proto(term: Term, sight: Sight) -> str:
    if term.value in _KINDS or term.name in _KINDS:
        wanted = _KINDS.get(term.value) or _KINDS[term.name]
        return f"it is IPv{sight.family}, {_wants(term, wanted)}"
    return f"it is {proto_text(sight.proto)}, {_wants(term)}"


def _address(begin: str, text: Callable[[Sight], str]) -> Callable[[Term, Sight], str]:
    def tell(term: Term, sight: Sight) -> str:
        return f"it {begin} {text(sight)}, {_wanted_address(term, sight)}"

    return tell


def _wanted_address(term: Term, sight: Sight) -> str:
    if term.value.startswith("table("):
        name = table_parts(term.value)[0]
        if not sight.tables.has(name):
            return f"and there is no table {name}"
        return f"which {'is' if term.is_not else 'is not'} in table {name}"
    if term.value in ("me", "me6", "me4"):
        return f"which {'is one' if term.is_not else 'is none'} of the host's own addresses"
    return _wants(term)


def _port(which: str, number: Callable[[Sight], int]) -> Callable[[Term, Sight], str]:
    def tell(term: Term, sight: Sight) -> str:
        if sight.fragment:
            return "it is a later fragment and has no ports in it"
        if not sight.has_ports:
            wanted = _wants(term, f"{which} {term.value}")
            return f"it is {proto_text(sight.proto)}, which has no ports, {wanted}"
        return f"its {which} is {number(sight)}, {_wants(term)}"

    return tell


def _direction(term: Term, sight: Sight) -> str:
    other = {"in": "out", "out": "in"}
    wanted = other[term.name] if term.is_not else term.name
    return f"it goes {'in' if sight.is_in else 'out'}, the rule wants {wanted}"


def _via(term: Term, sight: Sight) -> str:
    return f"it goes over {sight.via}, {_wants(term)}"


def _recv(term: Term, sight: Sight) -> str:
    if not sight.recv:
        return f"it did not come in anywhere: the host sends it itself, {_wants(term)}"
    return f"it came in on {sight.recv}, {_wants(term)}"


def _xmit(term: Term, sight: Sight) -> str:
    if not sight.xmit:
        return f"it comes in and is not being sent, the rule wants it sent on {term.value}"
    return f"it is sent on {sight.xmit}, {_wants(term)}"


def _flags(sight: Sight) -> str:
    order = ("syn", "ack", "fin", "rst", "psh", "urg")
    return ",".join(flag for flag in order if flag in sight.packet.flags) or "no flags"


def _setup(term: Term, sight: Sight) -> str:
    if sight.proto != TCP:
        return f"it is {proto_text(sight.proto)}, the rule wants the first packet of a TCP connection"
    if term.is_not:
        return "it is the first packet of a connection, the rule wants later ones"
    return f"it has {_flags(sight)}, the rule wants the first packet of a connection (SYN without ACK)"


def _established(term: Term, sight: Sight) -> str:
    if sight.proto != TCP:
        return f"it is {proto_text(sight.proto)}, the rule wants a TCP connection that is under way"
    if term.is_not:
        return "it belongs to a connection that is under way, the rule wants new ones"
    return "it only asks for a connection, the rule wants those that are under way"


def _tcpflags(term: Term, sight: Sight) -> str:
    return f"it has {_flags(sight)}, {_wants(term, f'the TCP flags {term.value}')}"


def _icmp(term: Term, sight: Sight) -> str:
    wanted = _wants(term, f"ICMP type {term.value}")
    if not proto_text(sight.proto).endswith("icmp"):
        return f"it is {proto_text(sight.proto)}, {wanted}"
    return f"it is of ICMP type {sight.icmp_type}, {wanted}"


def _frag(term: Term, sight: Sight) -> str:
    is_part = sight.fragment or sight.more
    return f"it is {'a fragment' if is_part else 'no fragment'}, {_wants(term, f'frag {term.value}'.strip())}"


def _tagged(term: Term, sight: Sight) -> str:
    borne = ", ".join(map(str, sorted(sight.tags))) or "none"
    return f"its tags: {borne}; {_wants(term, f'tag {term.value}')}"


def _path(_term: Term, sight: Sight) -> str:
    way = sight.places.route(sight.family, sight.src) or "nowhere"
    return f"the way back to {sight.src_text} leads over {way}, and it is on {sight.via}"


def _sender(term: Term, _sight: Sight) -> str:
    return f"the rule wants what {'is not' if term.is_not else 'is'} of jail {term.value}"


def _layer2(_term: Term, _sight: Sight) -> str:
    return "it is seen as an IP packet here, the rule wants Ethernet frames"


_src = _address("comes from", lambda sight: sight.src_text)
_dst = _address("goes to", lambda sight: sight.dst_text)
_sport = _port("source port", lambda sight: sight.sport)
_dport = _port("port", lambda sight: sight.dport)

_TELLERS: Final[Mapping[str, Callable[[Term, Sight], str]]] = {
    "proto": _proto, "ip4": _proto, "ip6": _proto, "ipv4": _proto, "ipv6": _proto,
    "src": _src, "src-ip": _src, "src-ip6": _src, "dst": _dst, "dst-ip": _dst, "dst-ip6": _dst,
    "src-port": _sport, "dst-port": _dport, "in": _direction, "out": _direction,
    "via": _via, "recv": _recv, "xmit": _xmit, "setup": _setup, "established": _established,
    "tcpflags": _tcpflags, "icmptypes": _icmp, "icmp6types": _icmp, "frag": _frag, "tagged": _tagged,
    "verrevpath": _path, "antispoof": _path, "versrcreach": _path, "jail": _sender,
    "layer2": _layer2, "mac": _layer2, "MAC": _layer2,
}  # fmt: skip
