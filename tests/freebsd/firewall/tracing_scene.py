"""The host of reference ipfw §7, and short ways to make firewalls and packets for it."""

from __future__ import annotations

from apps.freebsd.firewall.model import Firewall, Table
from apps.freebsd.firewall.nat_config import parse_nat
from apps.freebsd.firewall.packet import (
    ACK,
    HOST,
    SYN,
    Interface,
    JailPlace,
    Origin,
    Packet,
    World,
    from_jail,
)
from apps.freebsd.firewall.parse import parse_rules
from apps.freebsd.firewall.trace import trace
from apps.freebsd.firewall.walk import Outcome, Walk

PUBLIC = "192.0.2.10"
WEB = "198.51.100.7"  # the web server W
STRANGER = "203.0.113.9"  # X
JAIL = "10.0.0.5"
OTHER = "10.0.0.6"

WORLD = World(
    interfaces=(
        Interface("re0", (f"{PUBLIC}/24", "2001:db8::10/64")),
        Interface("lo0", ("127.0.0.1/8", "::1/128")),
        Interface("lo1", (f"{JAIL}/32", f"{OTHER}/32")),
    ),
    jails=(JailPlace("web", (JAIL,), jid=7), JailPlace("db", (OTHER,), jid=8)),
    outside="re0",
)

ARTICLE = f"""
199 nat 123 ip from any to {PUBLIC} in
200 check-state
400 skipto 700 tcp from 10.0.0.0/24 to any 80 out setup keep-state
400 allow tcp from me to any 80 out setup keep-state
700 nat 123 ip4 from 10.0.0.0/24 to not 10.0.0.0/24 out
"""
N199, N200, N400A, N400B, N700, N65535 = range(6)

NAT = f"nat 123 config ip {PUBLIC} same_ports unreg_only"


def firewall(
    rules: str,
    *nats: str,
    one_pass: bool = False,
    default_allows: bool = False,
    disabled: frozenset[int] = frozenset(),
    tables: tuple[Table, ...] = (),
) -> Firewall:
    """Make a firewall of texts."""
    read, problems = parse_rules(rules)
    assert not problems
    made = tuple(parse_nat(text) for text in nats)
    return Firewall(read, made, tables, one_pass, default_allows, disabled)


def from_web(port: int = 80, flags: frozenset[str] = SYN, **more) -> Packet:
    """The jail asks the web server for something."""
    return Packet(from_jail("web"), dst=WEB, sport=51000, dport=port, flags=flags, **more)


def from_host(port: int = 80, **more) -> Packet:
    """The host asks the web server."""
    return Packet(HOST, src=PUBLIC, dst=WEB, sport=40000, dport=port, flags=SYN, **more)


def from_stranger(port: int = 22, to: str = PUBLIC, flags: frozenset[str] = SYN, **more) -> Packet:
    """Somebody asks for something that nobody asked for."""
    return Packet(src=STRANGER, dst=to, sport=1234, dport=port, flags=flags, **more)


def on(interface: str) -> Origin:
    """It comes in there."""
    return Origin(name=interface)


ANSWER = Packet(is_reply=True)
AGAIN = from_web(flags=ACK)


def walk(rules: str, packet: Packet, *nats: str, world: World = WORLD, **more) -> Walk:
    """Walk one packet."""
    return trace(firewall(rules, *nats, **more), world, [packet])[0]


def talk(rules: str, packets: list[Packet], *nats: str, world: World = WORLD, **more) -> tuple[Walk, ...]:
    """Walk a conversation."""
    return trace(firewall(rules, *nats, **more), world, packets)


def steps(one: Walk) -> list[tuple[int, str]]:
    """Return places of rules and what they did, of all passes."""
    return [(line.index, str(line.outcome)) for line in one.lines]


def allows(body: str, packet: Packet, **more) -> bool:
    """Whether a lone rule with this body takes a packet, before everything else is denied."""
    lines = walk(f"100 allow {body}", packet, **more).passes[0].lines
    return lines[0].outcome is Outcome.ALLOWED
