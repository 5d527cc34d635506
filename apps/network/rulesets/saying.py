"""What a rule does, in plain words."""

from __future__ import annotations

from collections.abc import Callable

from apps.freebsd.firewall.model import Clause, Rule, Term

_ACTIONS = {
    "allow": "lets through",
    "deny": "drops",
    "reject": "refuses, and says so to the sender,",
    "reset": "refuses with a reset",
    "unreach": "refuses as unreachable ({})",
    "count": "only counts",
    "skipto": "sends on to rule {}",
    "call": "has gone through the rules from {} on, and come back,",
    "nat": "translates by NAT instance {}",
    "fwd": "hands to {}",
    "divert": "hands to the program at divert port {}",
    "tee": "copies to the program at divert port {}",
    "pipe": "slows down by pipe {}",
    "queue": "queues in queue {}",
    "setfib": "gives routing table {} to",
    "reass": "puts the pieces together of",
}
_PROTOS = {
    "ip": "everything",
    "ip4": "all IPv4",
    "ip6": "all IPv6",
    "tcp": "TCP",
    "udp": "UDP",
    "icmp": "ICMP",
}
_OPTIONS = {
    "in": "coming in",
    "out": "going out",
    "via": "through {}",
    "recv": "that came in by {}",
    "xmit": "that leaves by {}",
    "setup": "opening a connection",
    "established": "of a connection that is open",
    "frag": "that is a later fragment ({})",
    "icmptypes": "of ICMP type {}",
    "icmp6types": "of ICMPv6 type {}",
    "tcpflags": "with TCP flags {}",
    "src-port": "from port {}",
    "dst-port": "to port {}",
    "src-ip": "from {}",
    "dst-ip": "to {}",
    "jail": "of the jail with the number {}",
    "uid": "of the user {}",
    "gid": "of the group {}",
    "tagged": "with the tag {}",
    "antispoof": "whose source belongs where it came in",
    "verrevpath": "whose source is routed to where it came in",
    "proto": "of protocol {}",
}
_PLACES = {"any": "anywhere", "me": "this host", "me6": "this host (IPv6)"}
_STATES = {
    "keep-state": "and remembers the conversation, so that its answers pass, too",
    "limit": "and remembers it, as long as there are no more than {}",
    "record-state": "and remembers the conversation",
    "set-limit": "and remembers it, as long as there are no more than {}",
}


def rule_words(rule: Rule) -> str:
    """Return what a rule does as one sentence, without its end."""
    if rule.unread:
        return "Not understood by the panel; kept word for word"
    if rule.action == "check-state":
        return "Packets of a remembered conversation go the way of the rule that remembered it"
    if rule.action == "return":
        return "Goes back to where the rules were called from"
    words = [_filled(_ACTIONS.get(rule.action, rule.action), rule.argument), *_what(rule)]
    if rule.prob:
        words.append(f"in {float(rule.prob):.0%} of the cases" if _is_number(rule.prob) else "")
    if rule.state:
        words.append(_filled(_STATES.get(rule.state.name, rule.state.name), _limit(rule.state.value)))
    if rule.is_logged:
        words.append("and logs it")
    text = " ".join(filter(None, words))
    return text[:1].upper() + text[1:]


def _what(rule: Rule) -> list[str]:
    words = [_clause(rule.proto, _proto) or "everything"]
    for name, clause, ports in (
        ("from", rule.source, rule.source_ports),
        ("to", rule.destination, rule.destination_ports),
    ):
        place = _clause(clause, _place)
        port = f"port {ports[0].value}" if ports else ""
        if place not in {"", "anywhere"} or port:
            words.append(f"{name} {port + ' of ' if port and place != 'anywhere' else port}".rstrip())
            words.append("" if port and place == "anywhere" else place)
    return [*words, *(_clause(clause, _option) for clause in rule.options)]


def _clause(clause: Clause, say: Callable[[Term], str]) -> str:
    return " or ".join(("not " if term.is_not else "") + say(term) for term in clause)


def _proto(term: Term) -> str:
    return _PROTOS.get(term.value, term.value)


def _place(term: Term) -> str:
    if term.value.startswith("table("):
        return f"an address of the table {term.value.removeprefix('table(').rstrip(')')}"
    return _PLACES.get(term.value, term.value.replace(",", ", "))


def _option(term: Term) -> str:
    return _filled(_OPTIONS.get(term.name, f"{term.name} {{}}" if term.value else term.name), term.value)


def _filled(text: str, value: str) -> str:
    return text.replace("{}", value)


def _limit(value: str) -> str:
    by, _, rest = value.partition(" ")
    count = rest.split(" ")[0]
    return f"{count} for each {by}" if count else value


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isdigit()
