"""A firewall made ready for walking: each rule's tests as functions, made once.

Source: reference ipfw §6.3, §6.5.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter, OrderedDict
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from apps.freebsd.firewall.address_tests import Test
from apps.freebsd.firewall.model import DEFAULT_RULE, Clause, Firewall, Rule, Term
from apps.freebsd.firewall.option_tests import OPTION_TESTS
from apps.freebsd.firewall.sight import Sight, Tables

_PLACES: Final = {1: "the first", 2: "the second", 3: "the third"}
_KEPT: Final = 8  # firewalls made ready at a time: two are compared, a few people look
_PROBING: Final = frozenset({"keep-state", "limit"})  # record-state and set-limit look for no state first


@dataclass(frozen=True, slots=True)
class StateMaker:
    """What a rule's state option asks for.

    Args:
        name: Of the states.
        does_probe: Whether it looks for a state before the rule's tests.
        mask: What a limit counts by: src-addr, src-port, dst-addr, dst-port; empty without limit.
        limit: How many at most; None without limit.
    """

    name: str
    does_probe: bool
    mask: tuple[str, ...] = ()
    limit: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class ReadyRule:
    """A rule whose tests can be run.

    Args:
        index: Place among the firewall's rules; their count for the default rule.
        number: Its number.
        rule: What it was made of.
        clauses: In the order of testing.
        tests: One for each clause, made when it is needed first: most rules miss at their third.
        state: What it does about states; None for nothing.
        label: What to call it: `400`, or `400 (the 2nd of that number)`.
    """

    index: int
    number: int
    rule: Rule
    clauses: tuple[Clause, ...]
    tests: list[Test | None]
    state: StateMaker | None
    label: str

    def missed(self, sight: Sight) -> int:
        """Return the place of the first clause that does not hold; -1 when all hold."""
        for place, test in enumerate(self.tests):
            if not (test or self._made(place))(sight):
                return place
        return -1

    def _made(self, place: int) -> Test:
        self.tests[place] = made = _clause_test(self.clauses[place])
        return made


class ReadyFirewall:
    """A firewall's enabled rules, ready to walk."""

    def __init__(self, firewall: Firewall) -> None:
        self.firewall = firewall
        self.tables = Tables([(table.name, table.entries) for table in firewall.tables])
        labels = _labels(firewall.rules)
        self.rules = [_ready(place, rule, labels[place]) for place, rule in enumerate(firewall.rules)]
        self.active = [one for one in self.rules if one.rule.set_number not in firewall.disabled_sets]
        action = "allow" if firewall.default_allows else "deny"
        default = Rule(number=DEFAULT_RULE, action=action, set_number=31)
        self.active.append(_ready(len(self.rules), default, str(DEFAULT_RULE)))
        self._numbers = [one.number for one in self.active]
        self._places = [one.index for one in self.active]

    def from_number(self, number: int) -> int:
        """Return the slot of the first enabled rule with that number or a higher one."""
        return min(bisect_left(self._numbers, number), len(self.active) - 1)

    def after(self, rule: ReadyRule) -> int:
        """Return the slot after a rule, whose own set may be disabled."""
        return min(bisect_right(self._places, rule.index), len(self.active) - 1)


def _labels(rules: tuple[Rule, ...]) -> list[str]:
    """Name rules by their numbers; those of one number by their places in it, too."""
    many = Counter(rule.number for rule in rules)
    seen: Counter[int | None] = Counter()
    labels = []
    for rule in rules:
        seen[rule.number] += 1
        place = _PLACES.get(seen[rule.number], f"the {seen[rule.number]}th")
        labels.append(
            f"{rule.number} ({place} of that number)" if many[rule.number] > 1 else str(rule.number)
        )
    return labels


def _ready(place: int, rule: Rule, label: str) -> ReadyRule:
    clauses = rule.clauses
    tests: list[Test | None] = [None] * len(clauses)
    return ReadyRule(place, rule.number or 1, rule, clauses, tests, _state_maker(rule.state), label)


@lru_cache(maxsize=32768)
def _clause_test(clause: Clause) -> Test:
    tests = [_term_test(term) for term in clause]
    return tests[0] if len(tests) == 1 else lambda sight: any(test(sight) for test in tests)


def _term_test(term: Term) -> Test:
    test = _plain_test(term)
    return (lambda sight: not test(sight)) if term.is_not else test


def _plain_test(term: Term) -> Test:
    try:
        return OPTION_TESTS[term.name](term.value)
    except (KeyError, ValueError, IndexError):
        return _unknown_test(term)


def _unknown_test(term: Term) -> Test:
    said = f"{term.name} {term.value}".strip()
    doubt = f"“{said}” cannot be tested here: it is taken as not met."

    def test(sight: Sight) -> bool:
        sight.unsure.append(doubt)
        return False

    return test


@lru_cache(maxsize=1024)
def _state_maker(term: Term | None) -> StateMaker | None:
    if term is None:
        return None
    words = term.value.replace(",", " ").split()
    name = next((word[1:] for word in words if word.startswith(":")), "default")
    limit = next((int(word) for word in words if word.isdigit()), None)
    mask = tuple(word for word in words if word[0] != ":" and not word.isdigit())
    return StateMaker(name, term.name in _PROBING, _all_or(mask), limit)


def _all_or(mask: tuple[str, ...]) -> tuple[str, ...]:
    return ("src-addr", "src-port", "dst-addr", "dst-port") if "all" in mask else mask


_ready_firewalls: OrderedDict[int, ReadyFirewall] = OrderedDict()


def ready(firewall: Firewall) -> ReadyFirewall:
    """Return a firewall made ready; the last few are kept.

    It is known again by being the same object: to compare thousands of rules would cost more than the walk.
    What is kept holds on to its firewall, so that no other can have the same identity.
    """
    found = _ready_firewalls.pop(id(firewall), None) or ReadyFirewall(firewall)
    _ready_firewalls[id(firewall)] = found
    while len(_ready_firewalls) > _KEPT:
        _ready_firewalls.popitem(last=False)
    return found
