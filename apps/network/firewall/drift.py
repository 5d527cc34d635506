"""In what two firewalls differ: rules that came, went or moved, NAT, tables, one_pass. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

from apps.freebsd.firewall.model import HIGHEST_SET, Firewall, Rule
from apps.freebsd.firewall.printing import rule_text

BY_HAND = 0  # the set into which ipfw puts what somebody types
MOST_SAID = 5


@dataclass(frozen=True, slots=True)
class Differences:
    """What a firewall has otherwise than another that is wanted.

    Args:
        extra: Rules that are not wanted.
        gone: Rules that are wanted and not there.
        is_reordered: Whether the rules are the same ones in another order.
        nat: Numbers of NAT instances that are missing or set otherwise.
        extra_nat: Numbers of NAT instances that are not wanted.
        tables: Names of tables that are missing or hold other entries.
        one_pass: Whether one_pass is set otherwise.
    """

    extra: tuple[Rule, ...] = ()
    gone: tuple[Rule, ...] = ()
    is_reordered: bool = False
    nat: tuple[int, ...] = ()
    extra_nat: tuple[int, ...] = ()
    tables: tuple[str, ...] = ()
    one_pass: bool = False

    def __bool__(self) -> bool:
        return self != Differences()

    @property
    def sentences(self) -> list[str]:
        """What differs, for people."""
        return list(self._sentences())

    def _sentences(self) -> Iterator[str]:
        if self.extra:
            yield f"{_counted(self.extra)} in force that nobody wants: {_listed(self.extra)}."
        if self.gone:
            yield f"{_counted(self.gone)} missing: {_listed(self.gone)}."
        if self.is_reordered:
            yield "The rules are in another order."
        for number in self.nat:
            yield f"NAT instance {number} is missing, or set otherwise."
        for number in self.extra_nat:
            yield f"NAT instance {number} is there, and nobody wants it."
        for name in self.tables:
            yield f"Table {name} is missing, or holds other entries."
        if self.one_pass:
            yield "one_pass is set otherwise."


def in_force(firewall: Firewall) -> Firewall:
    """Return what of a firewall decides about packets and is the panel's to change, whatever the sets.

    Rules of set 31 are left out: they survive everything, and whoever put them there meant that.
    """
    rules = (
        rule
        for rule in firewall.rules
        if rule.set_number not in firewall.disabled_sets and rule.set_number != HIGHEST_SET
    )
    return replace(
        firewall, rules=tuple(replace(rule, set_number=0) for rule in rules), disabled_sets=frozenset()
    )


def differences(wanted: Firewall, live: Firewall) -> Differences:
    """Compare what is wanted with what there is, both as `in_force` gives them.

    Tables that only the host has are left alone: no rule of the panel's uses them.
    """
    want, have = Counter(wanted.rules), Counter(live.rules)
    extra, gone = have - want, want - have
    instances = {nat.number: nat for nat in live.nat}
    tables = {table.name: frozenset(table.entries) for table in live.tables}
    return Differences(
        extra=_in_order(live.rules, extra),
        gone=_in_order(wanted.rules, gone),
        is_reordered=not extra and not gone and wanted.rules != live.rules,
        nat=tuple(nat.number for nat in wanted.nat if instances.get(nat.number) != nat),
        extra_nat=tuple(
            nat.number for nat in live.nat if nat.number not in {one.number for one in wanted.nat}
        ),
        tables=tuple(
            table.name for table in wanted.tables if tables.get(table.name) != frozenset(table.entries)
        ),
        one_pass=wanted.one_pass != live.one_pass,
    )


def _in_order(rules: tuple[Rule, ...], some: Counter[Rule]) -> tuple[Rule, ...]:
    left = Counter(some)
    found = []
    for rule in rules:
        if left[rule] > 0:
            left[rule] -= 1
            found.append(rule)
    return tuple(found)


def _counted(rules: tuple[Rule, ...]) -> str:
    return "1 rule is" if len(rules) == 1 else f"{len(rules)} rules are"


def _listed(rules: tuple[Rule, ...]) -> str:
    said = [f"“{rule_text(rule)}”" for rule in rules[:MOST_SAID]]
    more = len(rules) - len(said)
    return ", ".join(said) + (f" and {more} more" if more else "")
