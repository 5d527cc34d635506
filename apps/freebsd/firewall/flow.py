"""Which rules a packet can come to, from which.

Source: reference ipfw §0 (3, 4), §6.5, §6.6.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from apps.freebsd.firewall.coverage import telling_clauses

if TYPE_CHECKING:
    from apps.freebsd.firewall.findings import Subject
    from apps.freebsd.firewall.model import Rule

ENDING = frozenset(
    ("allow", "deny", "reject", "reset", "reset6", "abort", "abort6", "unreach", "unreach6", "fwd", "divert")
)
JUMPS = frozenset(("skipto", "call"))


@dataclass(frozen=True, slots=True)
class Jump:
    """A way past rules.

    Args:
        origin: Place from which on it may be taken.
        landing: Place at which the walk goes on; the count of rules for the default rule.
    """

    origin: int
    landing: int


def ends_walk(rule: Rule, one_pass: bool) -> bool:
    """Tell whether the walk is over for every packet that a rule matches."""
    if rule.prob:
        return False
    return rule.action in ENDING or (rule.action in ("nat", "pipe", "queue") and one_pass)


def is_unconditional(rule: Rule) -> bool:
    """Tell whether a rule matches every packet."""
    is_plain = bool(rule.action) and rule.action != "check-state" and not rule.prob and not rule.unread
    return is_plain and not telling_clauses(rule)


def target_of(subject: Subject, place: int) -> int | None:
    """Return the place at which a skipto or call lands; None when it is told by a table."""
    rule = subject.rules[place]
    if not rule.argument.isdigit():
        return None
    wanted = int(rule.argument)
    if rule.action == "skipto":
        wanted = max(wanted, subject.numbers[place] + 1)
    at = subject.first_from(wanted)
    return len(subject.rules) if at is None else at


class Flow:
    """The ways through a firewall's rules.

    Args:
        subject: The firewall.
    """

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._end = len(subject.rules)

    @cached_property
    def jumps(self) -> tuple[Jump, ...]:
        """All ways past rules: a state found early runs the action of the rule that made it."""
        found: list[Jump] = []
        for place, rule in self._subject.read():
            origin = self._first_probe if rule.has_state else place
            if rule.action in JUMPS:
                target = target_of(self._subject, place)
                landings = range(self._end + 1) if target is None else (target,)
                found += [Jump(origin, landing) for landing in landings]
            elif rule.has_state and not ends_walk(rule, self._subject.firewall.one_pass):
                found.append(Jump(origin, place + 1))
        return tuple(found)

    @cached_property
    def _first_probe(self) -> int:
        """Where states are looked up first."""
        return min(
            (place for place, rule in self._subject.read() if rule.has_state or rule.action == "check-state"),
            default=0,
        )

    @cached_property
    def next_landing(self) -> tuple[int, ...]:
        """For each place, the first one behind it to which a way leads past it; beyond the end for none."""
        nearest = [self._end + 1] * self._end
        for jump in self.jumps:
            for place in range(jump.origin + 1, min(jump.landing, self._end)):
                nearest[place] = min(nearest[place], jump.landing)
        return tuple(nearest)

    @cached_property
    def reached(self) -> frozenset[int]:
        """Places to which a packet can come."""
        seen: set[int] = set()
        waiting = [self._following(-1)]
        while waiting:
            place = waiting.pop()
            if place in seen or place >= self._end:
                continue
            seen.add(place)
            waiting += self._ways_on(place)
        return frozenset(seen)

    def _ways_on(self, place: int) -> list[int]:
        rule = self._subject.rules[place]
        is_certain = is_unconditional(rule)
        ways: list[int] = []
        if rule.action in JUMPS:
            target = target_of(self._subject, place)
            ways += range(place + 1, self._end) if target is None else [target]
        leaves = ends_walk(rule, self._subject.firewall.one_pass) or rule.action == "skipto"
        return ways if is_certain and leaves else [*ways, self._following(place)]

    def _following(self, place: int) -> int:
        live = self._subject.live
        at = bisect_right(live, place)
        return live[at] if at < len(live) else self._end
