"""The lint against the tracer: what is said never to match is never met, and its going changes nothing."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from apps.freebsd.firewall.lint import apply_fix, lint
from apps.freebsd.firewall.model import Firewall
from apps.freebsd.firewall.packet import ACK, HOST, OUTSIDE, SYN, SYN_ACK, Packet, from_jail
from apps.freebsd.firewall.parse import parse_rule
from apps.freebsd.firewall.trace import trace
from apps.freebsd.firewall.walk import Outcome
from tests.freebsd.firewall.lint_cases import CONTEXT, NAT, WORLD

_ADDRESS = st.sampled_from(["any", "any", "me", "10.0.0.0/24", "10.0.0.5", "192.0.2.10", "not 10.0.0.0/24"])
_PORT = st.sampled_from(["", "", " 80", " 22,80", " 1-1024", " not 80"])
_OPTION = st.sampled_from(["", "", "in", "out", "via lo0", "setup", "keep-state", "setup keep-state"])
_ACTION = st.sampled_from(
    ["allow", "deny", "count", "skipto 300", "skipto 600", "nat 123", "call 500", "return", "reset"]
)


@st.composite
def small_firewalls(draw):
    numbers = draw(st.lists(st.integers(1, 8).map(lambda n: n * 100), min_size=2, max_size=9))
    texts = [
        f"{draw(_ACTION)} {draw(st.sampled_from(['ip', 'tcp', 'tcp', 'udp']))} from {draw(_ADDRESS)} "
        f"to {draw(_ADDRESS)}{draw(_PORT)} {draw(_OPTION)}"
        if draw(st.integers(0, 7))
        else "check-state"
        for _ in numbers
    ]
    rules = tuple(parse_rule(f"{number} {text}") for number, text in zip(sorted(numbers), texts, strict=True))
    return Firewall(rules=rules, nat=(NAT,), one_pass=draw(st.booleans()), default_allows=draw(st.booleans()))


@st.composite
def conversations(draw):
    origin = draw(st.sampled_from([OUTSIDE, HOST, from_jail("web")]))
    ends = {OUTSIDE: ("198.51.100.7", "192.0.2.10"), HOST: ("192.0.2.10", "198.51.100.7")}
    src, dst = ends.get(origin, ("10.0.0.5", draw(st.sampled_from(["198.51.100.7", "192.0.2.10"]))))
    first = Packet(
        origin=origin,
        proto=draw(st.sampled_from(["tcp", "tcp", "udp"])),
        src=src,
        dst=dst,
        sport=40000,
        dport=draw(st.sampled_from([22, 80, 8080])),
        flags=SYN,
    )
    return (first, Packet(flags=SYN_ACK, is_reply=True), Packet(flags=ACK, is_reply=True))


@settings(max_examples=50)
@given(small_firewalls(), st.lists(conversations(), min_size=1, max_size=3))
def test_what_never_matches_is_never_met(firewall, talks):
    packets = [packet for talk in talks for packet in talk]
    walks = trace(firewall, WORLD, packets)
    matched = {
        line.index
        for walk in walks
        for line in walk.lines
        if line.outcome not in (Outcome.MISSED, Outcome.LOOKED) and not (line.state and not line.state.is_new)
    }
    for finding in lint(firewall, CONTEXT):
        if finding.code not in ("hidden", "unreachable"):
            continue
        assert finding.rule not in matched
        if finding.fix is not None:
            after = trace(apply_fix(firewall, finding.fix), WORLD, packets)
            assert [walk.fate.ending for walk in after] == [walk.fate.ending for walk in walks]
