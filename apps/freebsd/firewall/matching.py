"""A firewall made ready for walking: each rule's tests as functions, made once.

Source: reference ipfw §6.3, §6.5.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import OrderedDict
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from apps.freebsd.firewall.address_tests import Test
from apps.freebsd.firewall.model import DEFAULT_RULE, Clause, Firewall, Rule, Term
from apps.freebsd.firewall.option_tests import OPTION_TESTS
from apps.freebsd.firewall.sight import Sight, Tables

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
        tests: One for each clause.
        state: What it does about states; None for nothing.
    """

    index: int
    number: int
    rule: Rule
    clauses: tuple[Clause, ...]
    tests: tuple[Test, ...]
    state: StateMaker | None

    def missed(self, sight: Sight) -> int:
        """Return the place of the first clause that does not hold; -1 when all hold."""
        for place, test in enumerate(self.tests):
            if not test(sight):
                return place
        return -1


class ReadyFirewall:
    """A firewall's enabled rules, ready to walk."""

    def __init__(self, firewall: Firewall) -> None:
        self.firewall = firewall
        self.tables = Tables([(table.name, table.entries) for table in firewall.tables])
        self.rules = [_ready(place, rule) for place, rule in enumerate(firewall.rules)]
        self.active = [one for one in self.rules if one.rule.set_number not in firewall.disabled_sets]
        action = "allow" if firewall.default_allows else "deny"
        default = Rule(number=DEFAULT_RULE, action=action, set_number=31)
        self.active.append(_ready(len(self.rules), default))
        self._numbers = [one.number for one in self.active]
        self._places = [one.index for one in self.active]

    def from_number(self, number: int) -> int:
        """Return the slot of the first enabled rule with that number or a higher one."""
        return min(bisect_left(self._numbers, number), len(self.active) - 1)

    def after(self, rule: ReadyRule) -> int:
        """Return the slot after a rule, whose own set may be disabled."""
        return min(bisect_right(self._places, rule.index), len(self.active) - 1)


def _ready(place: int, rule: Rule) -> ReadyRule:
    clauses = rule.clauses
    tests = tuple(_clause_test(clause) for clause in clauses)
    return ReadyRule(place, rule.number or 1, rule, clauses, tests, _state_maker(rule.state))


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
