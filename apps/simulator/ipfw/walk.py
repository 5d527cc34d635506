"""Walk a packet through the rules of a simulated kernel, as ipfw_chk does.

Source: reference ipfw.md §0, §6.3–6.10.
"""

from __future__ import annotations

import random
import time
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, field

from apps.simulator.ipfw import states
from apps.simulator.ipfw.alias import Translator
from apps.simulator.ipfw.match import Sight, holds
from apps.simulator.ipfw.model import PROBING, DynamicState, Ipfw, Nat, Rule
from apps.simulator.ipfw.packets import Hop, Packet
from apps.simulator.ipfw.roads import Roads

ACCEPTED, DROPPED, REJECTED, HELD, AWAY = "accepted", "dropped", "rejected", "held", "away"
MISSED, MATCHED, BY_STATE, NO_ROOM, DEFERRED = "missed", "matched", "by state", "no room", "deferred"
STACK_DEPTH = 16
MOST_STEPS = 1_000  # a NAT rule that is reached by a state can lead round in a circle
_FATES = {
    **dict.fromkeys(("allow", "fwd"), ACCEPTED),
    "deny": DROPPED,
    **dict.fromkeys(("reject", "reset", "reset6", "unreach", "unreach6", "abort", "abort6"), REJECTED),
    **dict.fromkeys(("divert", "tee", "netgraph", "ngtee"), AWAY),
}


@dataclass(frozen=True, slots=True)
class Step:
    """A rule that the packet met, and what came of it.

    Attributes:
        rule: that was met; for what a state did, the state's parent.
        outcome: one of the words above.
        packet: as it was after it.
    """

    rule: Rule
    outcome: str
    packet: Packet


@dataclass(frozen=True, slots=True)
class Walk:
    """One pass of a packet.

    Attributes:
        fate: ACCEPTED, DROPPED, REJECTED (with a notice), HELD (a fragment that waits for the others) or
            AWAY (divert, netgraph).
        packet: as it left the rules.
        steps: what it met.
        next_hop: where `fwd` sends it; empty is where its own destination leads.
    """

    fate: str
    packet: Packet
    steps: tuple[Step, ...]
    next_hop: str = ""


@dataclass(slots=True)
class Walker:
    """Walks packets through an IPFW and keeps its states, links and counters.

    Attributes:
        ipfw: rules and all that they remember.
        roads: the host's addresses and interfaces.
        has_nat: the module ipfw_nat is there.
        now: gives seconds since the epoch.
        chance: gives a number from 0 to 1 for rules with `prob`.
    """

    ipfw: Ipfw
    roads: Roads
    has_nat: bool = True
    now: Callable[[], float] = time.time
    chance: Callable[[], float] = random.random

    def walk(self, packet: Packet, hop: Hop, tags: set[int] | None = None) -> Walk:
        """Walk one pass.

        Args:
            packet: as it comes.
            hop: where it meets the firewall.
            tags: that it has from an earlier pass; those of this one are put there.
        """
        if not (self.ipfw.enabled6 if packet.version == 6 else self.ipfw.enabled):
            return Walk(ACCEPTED, packet, ())
        now = self.now()
        states.purge(self.ipfw, now)
        tables = {table.name: table for table in self.ipfw.tables}
        sight = Sight(packet, hop, self.roads, tables, set() if tags is None else tags)
        return _Pass(self, sight, now).run()


@dataclass(slots=True)
class _Pass:
    """One pass under way: where it is, what it has looked up, whom it has to return to."""

    walker: Walker
    sight: Sight
    now: float
    position: int = 0
    fate: str = ""
    next_hop: str = ""
    probed: set[str] = field(default_factory=set)
    callers: list[int] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)

    @property
    def ipfw(self) -> Ipfw:
        return self.walker.ipfw

    def run(self) -> Walk:
        rules = self.ipfw.rules
        while not self.fate and len(self.steps) < MOST_STEPS:
            rule = rules[min(self.position, len(rules) - 1)]
            self.position += 1
            if self.ipfw.is_enabled(rule):
                self._meet(rule)
        return Walk(self.fate or DROPPED, self.sight.packet, tuple(self.steps), self.next_hop)

    def _meet(self, rule: Rule) -> None:
        """Look for a state where the rule does, then test, then act."""
        state = self._probe(rule)
        if state is not None:
            self._go_by(state)
        elif rule.action == "check-state" or not self._matches(rule):
            self._note(rule, MISSED)
        elif rule.state is not None and not self._install(rule):
            self._note(rule, NO_ROOM)
            self.fate = DROPPED
        elif rule.is_deferred:
            self._note(rule, DEFERRED)
        else:
            self._act(rule, MATCHED)

    def _note(self, rule: Rule, outcome: str) -> None:
        self.steps.append(Step(rule, outcome, self.sight.packet))

    def _probe(self, rule: Rule) -> DynamicState | None:
        """Look a state up, once for each name and pass."""
        if rule.action == "check-state":
            name = rule.argument or "default"
        elif rule.state is not None and rule.state.kind in PROBING:
            name = rule.state.name
        else:
            return None
        if name in self.probed:
            return None
        self.probed.add(name)
        return states.find(self.ipfw.states, self.sight.packet, name, self.now)

    def _matches(self, rule: Rule) -> bool:
        if rule.prob < 1 and self.walker.chance() >= rule.prob:
            return False
        return all(holds(clause, self.sight) for clause in rule.clauses())

    def _install(self, rule: Rule) -> bool:
        try:
            states.install(self.ipfw, rule, self.sight.packet, self.now)
        except states.NoRoom:
            return False
        return True

    def _go_by(self, state: DynamicState) -> None:
        """Do what a state's parent does, and go on behind it; without a parent, at the default rule.

        The answering side is not sent to another hop.
        """
        states.note(state, self.sight.packet, self.now)
        rules = self.ipfw.rules
        slot = next((index for index, rule in enumerate(rules) if rule.id == state.parent), None)
        parent = rules[slot] if slot is not None else self.ipfw.orphan(state.parent)
        self.position = len(rules) - 1 if slot is None else slot + 1
        if parent is not None:
            is_forward = states.is_forward(state, self.sight.packet)
            self._act(parent, BY_STATE)
            self.next_hop = self.next_hop if is_forward else ""

    def _act(self, rule: Rule, outcome: str) -> None:
        rule.packets += 1
        rule.bytes += self.sight.packet.length
        rule.last_match = int(self.now)
        if rule.tag:
            (self.sight.tags.add if rule.tag > 0 else self.sight.tags.discard)(abs(rule.tag))
        self._do(rule)
        self._note(rule, outcome)

    def _do(self, rule: Rule) -> None:
        """Do the action; what is not named here goes on with the next rule."""
        self.fate = _FATES.get(rule.action, "")
        if rule.action == "nat":
            self._translate(rule)
        elif rule.action in ("pipe", "queue"):  # dummynet gives the packet back where it took it
            self.fate = ACCEPTED if self.ipfw.one_pass else ""
        elif rule.action == "fwd":
            self.next_hop = rule.argument.partition(",")[0]
        elif rule.action == "skipto":
            self._jump(max(self._argument(rule), rule.number + 1))
        elif rule.action == "call" and len(self.callers) < STACK_DEPTH:
            self.callers.append(rule.number)
            self._jump(self._argument(rule))
        elif rule.action == "return" and self.callers:
            self._jump(self.callers.pop() + 1)
        elif rule.action == "reass" and self.sight.packet.is_fragment and self.sight.packet.version == 4:
            self.fate = HELD

    def _argument(self, rule: Rule) -> int:
        text = self.sight.table_value if rule.argument == "tablearg" else rule.argument
        return int(text) if text.isdecimal() else 0

    def _jump(self, number: int) -> None:
        self.position = bisect_left(self.ipfw.rules, number, key=lambda rule: rule.number)

    def _translate(self, rule: Rule) -> None:
        """Let a NAT instance rewrite the packet; what it does not know how to is dropped."""
        packet = self.sight.packet
        nats = self._instances(rule)
        if nats is None or packet.version == 6:
            self.fate = DROPPED
            return
        for nat in nats:
            found = self._translator(nat).translate(packet, leaving=self.sight.hop.leaving)
            if found is None:
                self.fate = DROPPED
                return
            self.sight.packet = found
        self.probed.clear()
        self.fate = ACCEPTED if self.ipfw.one_pass else ""

    def _instances(self, rule: Rule) -> list[Nat] | None:
        """Find whose translation is meant: `global` is the first one that knows the packet, if any does."""
        if not self.walker.has_nat:
            return None
        if rule.argument != "global":
            nat = self.ipfw.nat(self._argument(rule))
            return None if nat is None else [nat]
        hop, packet = self.sight.hop, self.sight.packet
        sharing = [nat for nat in self.ipfw.nats if "skip_global" not in nat.modes]
        knowing = [nat for nat in sharing if self._translator(nat).recognises(packet, leaving=hop.leaving)]
        return knowing[:1]

    def _translator(self, nat: Nat) -> Translator:
        address = self.walker.roads.first4(nat.interface) if nat.interface else nat.address
        return Translator(nat, address, self.ipfw.links)
