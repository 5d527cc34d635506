"""What the lint finds, what it offers against it, and how that is applied.

Source: reference ipfw §3 (the order of rules is by number, then by place).
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from apps.freebsd.firewall.model import DEFAULT_RULE, HIGHEST_NUMBER, Firewall
from apps.freebsd.firewall.packet import World

if TYPE_CHECKING:
    from apps.freebsd.firewall.model import NatInstance, Rule, Table

AUTO_STEP = 100  # net.inet.ip.fw.autoinc_step, by which ipfw numbers rules that have no number


class Severity(StrEnum):
    """How bad a finding is."""

    ERROR = "error"  # it does not do what it says, or cuts the panel off
    WARNING = "warning"  # it probably is not what was meant
    HINT = "hint"  # it may be what was meant


@dataclass(frozen=True, slots=True)
class Fix:
    """A change that makes a finding go away. All places are those before the change.

    Args:
        sentence: What is done, for people.
        replaced: Place of a rule, and the rule that comes there.
        inserted: Place of a rule (their count for the end), and a rule that comes before it.
        removed: Places of rules that go.
        nat: Instances that stand for those of the same number.
        tables: Tables that are added.
        one_pass: What it becomes; None when it stays.
    """

    sentence: str
    replaced: tuple[tuple[int, Rule], ...] = ()
    inserted: tuple[tuple[int, Rule], ...] = ()
    removed: tuple[int, ...] = ()
    nat: tuple[NatInstance, ...] = ()
    tables: tuple[Table, ...] = ()
    one_pass: bool | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that the lint finds.

    Args:
        code: A word for it that stays: `nat-missing`.
        severity: How bad it is.
        what: A sentence: what is there.
        why: A sentence: why that is bad.
        rule: Place of the rule among the firewall's, or None.
        nat: Number of the NAT instance, or None.
        fix: What is offered, or None.
    """

    code: str
    severity: Severity
    what: str
    why: str
    rule: int | None = None
    nat: int | None = None
    fix: Fix | None = None


@dataclass(frozen=True, slots=True)
class LintContext:
    """What is known of the host. What is not known is not looked for.

    Args:
        world: Its interfaces and jails, the panel's address and sshd's port.
        jail_networks: Networks of its jails: `10.0.0.0/24`.
        host_address: At which the panel reaches it; empty for the first one of the outside interface.
    """

    world: World = field(default_factory=World)
    jail_networks: tuple[str, ...] = ()
    host_address: str = ""


class Subject:
    """A firewall that is looked at: which of its rules count, and their numbers.

    Args:
        firewall: What is looked at.
        context: What is known of the host.
    """

    def __init__(self, firewall: Firewall, context: LintContext) -> None:
        self.firewall = firewall
        self.context = context
        self.rules = firewall.rules
        self.numbers = numbers_of(firewall.rules)
        self.live = tuple(
            place for place, rule in enumerate(self.rules) if rule.set_number not in firewall.disabled_sets
        )

        self._read = tuple((place, self.rules[place]) for place in self.live if not self.rules[place].unread)

    def read(self) -> tuple[tuple[int, Rule], ...]:
        """Return the rules that count and are understood, with their places."""
        return self._read

    def first_from(self, number: int) -> int | None:
        """Return the place of the first rule that counts with at least this number, or None."""
        at = bisect_left(self.live, number, key=self.numbers.__getitem__)
        return self.live[at] if at < len(self.live) else None

    def said(self, place: int) -> str:
        """Return how a rule is called in a sentence."""
        return f"rule {self.numbers[place]}"

    def titled(self, place: int) -> str:
        """Return the same for the beginning of a sentence."""
        return f"Rule {self.numbers[place]}"


def numbers_of(rules: tuple[Rule, ...]) -> tuple[int, ...]:
    """Return the numbers of rules; those without one get the one that ipfw would give them."""
    numbers: list[int] = []
    for rule in rules:
        last = numbers[-1] if numbers else 0
        following = last + AUTO_STEP
        numbers.append(rule.number or (following if following <= HIGHEST_NUMBER else last))
    return tuple(numbers)


def apply_fix(firewall: Firewall, fix: Fix) -> Firewall:
    """Return the firewall with a fix applied, its rules in the kernel's order."""
    replaced, removed = dict(fix.replaced), set(fix.removed)
    rules: list[Rule] = []
    for place in range(len(firewall.rules) + 1):
        rules += [rule for at, rule in fix.inserted if at == place]
        if place < len(firewall.rules) and place not in removed:
            rules.append(replaced.get(place, firewall.rules[place]))
    changed = {nat.number: nat for nat in fix.nat}
    return replace(
        firewall,
        rules=tuple(sorted(rules, key=lambda rule: rule.number or DEFAULT_RULE)),
        nat=tuple(changed.get(nat.number, nat) for nat in firewall.nat),
        tables=(*firewall.tables, *fix.tables),
        one_pass=firewall.one_pass if fix.one_pass is None else fix.one_pass,
    )
