"""Both walkers over the same rules and packets, and where they do not say the same.

The panel's tracer (apps.freebsd.firewall) and the simulated kernel's walker (apps.simulator.ipfw) were
written apart, each from the reference alone, each with its own parser; neither knows the other.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

from apps.freebsd.firewall import packet as traced
from apps.freebsd.firewall.model import Firewall, Table
from apps.freebsd.firewall.nat_config import parse_nats
from apps.freebsd.firewall.parse import parse_rules
from apps.freebsd.firewall.trace import trace
from apps.freebsd.firewall.walk import Ending, Walk
from apps.simulator.ipfw import kernel, nats
from apps.simulator.ipfw import model as simulated
from apps.simulator.ipfw.packets import ICMP, Packet
from apps.simulator.ipfw.parse import parse_rule
from apps.simulator.ipfw.roads import roads_of
from apps.simulator.ipfw.session import Session
from apps.simulator.ipfw.travel import DELIVERED, SENT, Journey, from_outside, made_here
from apps.simulator.ipfw.walk import ACCEPTED, AWAY, BY_STATE, MATCHED, Walker
from apps.simulator.ipfw.words import Words
from apps.simulator.network import Interface
from apps.simulator.state import Kernel
from tests.fuzz.cast import INTERFACES, JAILS, JAILS6
from tests.fuzz.conversations import Said
from tests.fuzz.rule_sets import RuleSet

NUMBERS = {"icmp": 1, "tcp": 6, "udp": 17, "gre": 47, "ipv6-icmp": 58}
NOT_SENT, LOST, HANDED = "not sent", "lost", "handed on"
ENDINGS = {Ending.DELIVERED: DELIVERED, Ending.SENT: SENT, Ending.HANDED: HANDED, Ending.NOT_SENT: NOT_SENT}
# A NAT rule that is reached by a state whose packet it leaves as it is leads round in a circle; both walkers
# give the packet up, each after as many steps as it likes, and what follows is not compared.
ENDLESS = 250
Met = tuple[tuple[bool, int], ...]  # whether it acted, and place among the rules


@dataclass(frozen=True, slots=True)
class Told:
    """What a walker says of a packet.

    Args:
        fate: delivered, sent, lost, handed on, or not sent.
        ends: Addresses and ports (or the id of ICMP) at the end.
        met: For each pass, the rules that it came by.
    """

    fate: str
    ends: tuple[str, int, str, int] = ("", 0, "", 0)
    met: tuple[Met, ...] = ()

    @property
    def is_endless(self) -> bool:
        """Whether the walker gave up."""
        return any(len(one) >= ENDLESS for one in self.met)


@dataclass(frozen=True, slots=True)
class Difference:
    """A packet of which the walkers say different things."""

    place: int
    said: Said
    tracer: Told
    simulator: Told


@dataclass(frozen=True, slots=True)
class Duel:
    """What came of a case.

    Args:
        compared: How many packets were compared.
        difference: The first packet of which the two say different things; or None.
    """

    compared: int
    difference: Difference | None


def fight(rules: RuleSet, said: tuple[Said, ...]) -> Duel:
    """Let both walkers loose on a case.

    Args:
        rules: What the firewall is told.
        said: The packets, in order.
    """
    first, second = by_tracer(rules, said), by_simulator(rules, said)
    for place, (packet, one, other) in enumerate(zip(said, first, second, strict=True)):
        if one.is_endless and other.is_endless:
            return Duel(place, None)
        if not _agree(packet, one, other):
            return Duel(place + 1, Difference(place, packet, one, other))
    return Duel(len(said), None)


def differences(rules: RuleSet, said: tuple[Said, ...]) -> Difference | None:
    """Find the first packet of which the two say different things; None when they agree on all."""
    return fight(rules, said).difference


def _agree(packet: Said, one: Told, other: Told) -> bool:
    """Compare; a port that NAT has chosen by chance need not be the same one."""
    if one == other:
        return True
    (_, chosen, *_), (_, also, *_) = one.ends, other.ends
    asked = packet.icmp_id if packet.proto == "icmp" else packet.sport
    if asked in (chosen, also) or packet.is_answer:
        return False
    return replace(one, ends=(one.ends[0], also, *one.ends[2:])) == other


def firewall_of(rules: RuleSet) -> Firewall:
    """Read a rule set as the panel does."""
    found, problems = parse_rules("\n".join(rules.rules))
    unread = [rule.unread for rule in found if rule.unread]
    assert not problems, problems
    assert not unread, unread
    names = sorted({name for name, _, _ in rules.tables})
    entries = {
        name: tuple((key, value) for table, key, value in rules.tables if table == name) for name in names
    }
    return Firewall(
        rules=found,
        nat=tuple(parse_nats("".join(f"ipfw {line}\n" for line in rules.nats))),
        tables=tuple(Table(name, entries[name]) for name in names),
        one_pass=rules.one_pass,
        default_allows=rules.allows,
        disabled_sets=frozenset(rules.disabled),
    )


def world_of(rules: RuleSet) -> traced.World:
    """Give the host as the panel sees it."""
    jails = {f"jail{address}": (address,) for address in (*JAILS, *JAILS6)}
    return traced.World(
        interfaces=tuple(traced.Interface(name, addresses) for name, addresses in INTERFACES),
        jails=tuple(traced.JailPlace(name, addresses) for name, addresses in jails.items()),
        outside="re0",
        is_router=rules.forwards,
    )


def by_tracer(rules: RuleSet, said: tuple[Said, ...]) -> list[Told]:
    """Ask the panel's tracer."""
    walks = trace(firewall_of(rules), world_of(rules), [_traced(packet) for packet in said])
    return [_told(packet, walk) for packet, walk in zip(said, walks, strict=True)]


def _traced(said: Said) -> traced.Packet:
    origin = traced.OUTSIDE if said.comes_in else traced.HOST
    if said.src in (*JAILS, *JAILS6) and not said.comes_in:
        origin = traced.from_jail(f"jail{said.src}")
    kind = {8: 0, 128: 129}.get(said.icmp_type, 0) if said.is_answer else said.icmp_type
    return traced.Packet(
        origin=origin, proto=said.proto, src=said.src, dst=said.dst, sport=said.sport, dport=said.dport,
        flags=said.flags, icmp_type=kind, icmp_id=said.icmp_id, fragment_offset=said.offset,
        has_more_fragments=said.more, length=said.length, is_reply=said.is_answer, after_s=said.pause_s,
    )  # fmt: skip


def _told(said: Said, walk: Walk) -> Told:
    fate = ENDINGS.get(walk.fate.ending, LOST)
    ends = walk.fate.addresses
    if ends is None:
        return Told(fate)
    sport, dport = (walk.icmp_id, walk.icmp_id) if said.proto == "icmp" else (ends.sport, ends.dport)
    met = tuple(
        tuple(
            (line.counted is not None, line.index if line.counted is None else line.counted)
            for line in one.lines[:ENDLESS]
        )
        for one in walk.passes
    )
    return Told(fate, (ends.src, sport, ends.dst, dport), met)


def by_simulator(rules: RuleSet, said: tuple[Said, ...]) -> list[Told]:
    """Ask the simulated kernel."""
    bare = _Bare(rules)
    return [bare.say(packet) for packet in said]


class _Bare:
    """A simulated kernel with a firewall and nothing else."""

    def __init__(self, rules: RuleSet) -> None:
        interfaces = [
            Interface(name, at, addresses=list(has)) for at, (name, has) in enumerate(INTERFACES, 1)
        ]
        ipfw = simulated.loaded(allows=rules.allows)
        ipfw.one_pass, ipfw.disabled = rules.one_pass, list(rules.disabled)
        self._kernel = Kernel(0.0, interfaces, modules=["ipfw", "ipfw_nat"], ipfw=ipfw)
        self._clock, self._last = 1_000.0, None
        roads = roads_of(interfaces, forwards=rules.forwards)
        self._walker = Walker(ipfw, roads, now=lambda: self._clock, chance=lambda: 0.0)
        self._fill(rules)
        self._places = {rule.id: place for place, rule in enumerate(ipfw.rules)}

    _last: Journey | None

    def _fill(self, rules: RuleSet) -> None:
        ipfw = self._kernel.ipfw
        machine: Any = SimpleNamespace(kernel=self._kernel, touch=lambda: None)
        for name, key, value in rules.tables:
            if ipfw.table(name) is None:
                kernel.add_table(ipfw, simulated.Table(name))
            ipfw.table(name).entries.append(simulated.Entry(key, value))
        for line in rules.rules:
            kernel.add(ipfw, parse_rule(Words(line.split())))
        for line in rules.nats:
            _, number, _, *words = line.split()
            nats.config(Session(machine, is_quiet=True), Words([number, *words]))

    def say(self, said: Said) -> Told:
        self._clock += said.pause_s
        journey = self._answer(said) if said.is_answer else self._send(said)
        self._last = journey
        if journey is None:
            return Told(NOT_SENT)
        packet = journey.packet
        sport, dport = (packet.ident, packet.ident) if packet.proto == ICMP else (packet.sport, packet.dport)
        met = tuple(tuple(self._met(step) for step in walk.steps[:ENDLESS]) for walk in journey.walks)
        return Told(_fate(journey), (packet.src, sport, packet.dst, dport), met)

    def _met(self, step: Any) -> tuple[bool, int]:
        return step.outcome in (MATCHED, BY_STATE), self._places[step.rule.id]

    def _send(self, said: Said) -> Journey:
        icmp = "icmp" in said.proto
        packet = Packet(
            NUMBERS[said.proto], said.src, said.dst, said.sport, said.dport, said.flags,
            said.icmp_type if icmp else None, said.icmp_id, said.length, said.offset, said.more,
            ip_id=1,
        )  # fmt: skip
        return from_outside(self._walker, packet) if said.comes_in else made_here(self._walker, packet)

    def _answer(self, said: Said) -> Journey | None:
        last = self._last
        if last is None or not last.arrived:
            return None
        packet = last.packet.reply(said.flags)
        return (
            made_here(self._walker, packet) if last.fate == DELIVERED else from_outside(self._walker, packet)
        )


def _fate(journey: Journey) -> str:
    if journey.fate in (DELIVERED, SENT):
        return journey.fate
    assert journey.fate != ACCEPTED
    return HANDED if journey.fate == AWAY else LOST
