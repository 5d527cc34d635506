"""One packet through the rules once: tests, states, actions, until something ends the pass.

Source: reference ipfw §6.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from apps.freebsd.firewall.acting import Act, act
from apps.freebsd.firewall.aliasing import Alias
from apps.freebsd.firewall.matching import ReadyFirewall, ReadyRule, StateMaker
from apps.freebsd.firewall.model import Clause
from apps.freebsd.firewall.places import Places
from apps.freebsd.firewall.sight import Sight
from apps.freebsd.firewall.states import State, States
from apps.freebsd.firewall.walk import Addresses, Line, Outcome, Pass, StateNote, Verdict
from apps.freebsd.firewall.why_not import why_missed

_ROUNDS = 64  # times that a packet may pass the list's length before we say that it goes round in circles


class Kernel:
    """What the kernel keeps between packets, and how it walks.

    Args:
        ready: The firewall.
        places: The host.
        is_recording: Whether rules that did not match get a line, too.
        chance: Whether rules with `prob` are taken.
    """

    def __init__(
        self, ready: ReadyFirewall, places: Places, *, is_recording: bool = True, chance: bool = True
    ) -> None:
        self.ready = ready
        self.places = places
        self.states = States()
        self.aliases = {nat.number: Alias(nat, places) for nat in ready.firewall.nat}
        self.is_recording = is_recording
        self.chance = chance
        self.now_s = 0.0

    def switch(self, ready: ReadyFirewall) -> None:
        """Go on with other rules; translations stay, and the states of rules that are still there."""
        self.ready = ready
        self.states.keep_of(ready.rules)
        kept = self.aliases
        self.aliases = {nat.number: Alias(nat, self.places) for nat in ready.firewall.nat}
        for number, alias in self.aliases.items():
            if number in kept:
                alias.links = kept[number].links

    def walk(self, sight: Sight) -> Pass:
        """Take a packet through the rules in the direction that it has now."""
        return _Walk(self, sight).run()


@dataclass(slots=True)
class _Found:
    """A state that was met."""

    state: State
    is_reverse: bool


class _Walk:
    """A pass under way."""

    def __init__(self, kernel: Kernel, sight: Sight) -> None:
        self.kernel = kernel
        self.ready = kernel.ready
        self.sight = sight
        self.slot = 0
        self.probed: set[str] = set()
        self.stack: list[int] = []
        self.lines: list[Line] = []

    def run(self) -> Pass:
        before = self.sight.addresses
        self.sight.table_value = ""
        left = _ROUNDS * len(self.ready.active)
        verdict = None
        while verdict is None and left:
            verdict = self._step(self.ready.active[self.slot])
            left -= 1
        if verdict is None:
            self.sight.unsure.append("The rules send this packet round in circles: the walk was broken off.")
        direction = "in" if self.sight.is_in else "out"
        return Pass(
            direction,
            self.sight.via,
            tuple(self.lines),
            verdict or Verdict.DENIED,
            before,
            self.sight.addresses,
        )

    def _step(self, rule: ReadyRule) -> Verdict | None:
        if rule.rule.unread:
            self._pass_over(rule)
            return None
        if rule.rule.action == "check-state":
            return self._check_state(rule)
        found = self._probe(rule.state) if rule.state and rule.state.does_probe else None
        if found:
            return self._do(rule, rule if found.state.parent is rule else found.state.parent, found)
        return self._test(rule)

    def _pass_over(self, rule: ReadyRule) -> None:
        self.sight.unsure.append(f"Rule {rule.number} is not understood here and was passed over.")
        self._line(rule, Outcome.UNREAD, "Not understood: passed over.", is_unsure=True)
        self.slot += 1

    def _check_state(self, rule: ReadyRule) -> Verdict | None:
        name = rule.rule.argument.lstrip(":") or "default"
        was_probed = name in self.probed
        found = self._probe(StateMaker(name, does_probe=True))
        if found:
            return self._do(rule, found.state.parent, found)
        if self.kernel.is_recording:
            again = "It was looked for before in this pass" if was_probed else "No state"
            self._line(rule, Outcome.LOOKED, f"{again}: there is none “{name}” for this packet; go on.")
        self.slot += 1
        return None

    def _probe(self, maker: StateMaker) -> _Found | None:
        """Look for a state, once a pass for each name.

        Source: reference ipfw §0.5.
        """
        if maker.name in self.probed:
            return None
        self.probed.add(maker.name)
        hit = self.kernel.states.find(self.sight, maker.name, self.kernel.now_s)
        if hit is None:
            return None
        hit[0].met(self.sight, self.kernel.now_s, is_reverse=hit[1])
        return _Found(*hit)

    def _test(self, rule: ReadyRule) -> Verdict | None:
        if rule.rule.prob and not self._is_lucky(rule):
            return None
        doubts = len(self.sight.unsure)
        missed = rule.missed(self.sight)
        if missed < 0:
            return self._match(rule)
        if self.kernel.is_recording:
            clause = rule.clauses[missed]
            said = why_missed(clause, self.sight)
            is_unsure = len(self.sight.unsure) > doubts
            self._line(
                rule, Outcome.MISSED, f"{said[0].upper()}{said[1:]}.", missed=clause, is_unsure=is_unsure
            )
        self.slot += 1
        return None

    def _is_lucky(self, rule: ReadyRule) -> bool:
        self.sight.unsure.append(
            f"Rule {rule.number} matches by chance (prob {rule.rule.prob}): "
            f"{'taken as if it did' if self.kernel.chance else 'taken as if it did not'}."
        )
        if not self.kernel.chance:
            self._line(
                rule, Outcome.MISSED, f"By its chance ({rule.rule.prob}) it is not taken.", is_unsure=True
            )
            self.slot += 1
        return self.kernel.chance

    def _match(self, rule: ReadyRule) -> Verdict | None:
        if rule.state is None:
            return self._do(rule, rule)
        state, is_new = self._state_for(rule)
        if state is None:
            said = f"Its limit of {rule.state.limit} is reached: dropped."
            self._line(rule, Outcome.DENIED, said)
            return Verdict.DENIED
        note = state.note(is_new=is_new, is_reverse=False)
        if rule.rule.is_deferred:
            said = f"{_state_said(note)} What it does is put off (defer-immediate-action); go on."
            self._line(rule, Outcome.DEFERRED, said, state=note)
            self.slot += 1
            return None
        return self._do(rule, rule, note=note)

    def _state_for(self, rule: ReadyRule) -> tuple[State | None, bool]:
        """Make a state; where a probe was not repeated or not made, there may be one already."""
        maker = rule.state
        hit = self.kernel.states.find(self.sight, maker.name, self.kernel.now_s) if maker else None
        if hit is not None:
            return hit[0], False
        return self.kernel.states.make(self.sight, rule, self.kernel.now_s), True

    def _do(
        self, rule: ReadyRule, actor: ReadyRule, found: _Found | None = None, note: StateNote | None = None
    ) -> Verdict | None:
        """Run an action; `actor` is whose: through a state, that of the rule that made it."""
        if found:
            note = found.state.note(is_new=False, is_reverse=found.is_reverse)
        before = self.sight.addresses
        done = act(self, actor, is_reverse=bool(found and found.is_reverse))
        self._tell(rule, actor, done, note, before if before != self.sight.addresses else None)
        if done.slot is not None:
            self.slot = done.slot
        return done.verdict

    def _tell(
        self, rule: ReadyRule, actor: ReadyRule, done: Act, note: StateNote | None, before: Addresses | None
    ) -> None:
        said = f"{_state_said(note)} {done.sentence}" if note else done.sentence
        line = Line(
            rule.index,
            rule.number,
            done.outcome,
            said,
            state=note,
            jumped_to=done.jumped_to,
            counted=actor.index,
        )
        if before is not None:
            line = replace(line, before=before, after=self.sight.addresses)
        self.lines.append(line)

    def _line(
        self,
        rule: ReadyRule,
        outcome: Outcome,
        sentence: str,
        *,
        missed: Clause = (),
        state: StateNote | None = None,
        is_unsure: bool = False,
    ) -> None:
        self.lines.append(
            Line(rule.index, rule.number, outcome, sentence, missed, state, is_unsure=is_unsure)
        )


def _state_said(note: StateNote) -> str:
    if note.is_new:
        return f"Makes a state: {note.ends}."
    way = ", the other way round" if note.is_reverse else ""
    return f"Belongs to {note.ends}{way}: does what rule {note.parent_label} does."
