"""What the kernel does with rules and sets when ipfw asks for it: each a single step.

Source: sys/netpfil/ipfw/ip_fw_sockopt.c; reference ipfw §1, §3, §8.
"""

from __future__ import annotations

import re

from apps.simulator.ipfw.model import DEFAULT_RULE, DEFAULT_SET, Ipfw, Rule, Table
from apps.simulator.ipfw.refused import UNAVAILABLE, Refused

_TABLE = re.compile(r"table\(([^,)]+)")
HIGHEST_STEP = 1000


def add(ipfw: Ipfw, rule: Rule) -> Rule:
    """Put a rule behind those of its number; one without a number gets the next.

    Raises:
        Refused: its number is not one that a rule may have.
    """
    if rule.number >= DEFAULT_RULE:
        raise Refused("getsockopt(IP_FW_XADD): Invalid argument", UNAVAILABLE)
    rule.number = rule.number or next_number(ipfw)
    ipfw.last_id += 1
    rule.id = ipfw.last_id
    at = next(at for at, other in enumerate(ipfw.rules) if other.number > rule.number)
    ipfw.rules.insert(at, rule)
    for name in tables_of(rule):
        if ipfw.table(name) is None:
            add_table(ipfw, Table(name))
    return rule


def next_number(ipfw: Ipfw) -> int:
    """Choose a number: the last rule's and a step, or the last rule's own where that is too high."""
    last = ipfw.rules[-2].number if len(ipfw.rules) > 1 else 0
    step = min(max(ipfw.autoinc_step, 1), HIGHEST_STEP)
    return last + step if last < DEFAULT_RULE - step else last


def add_table(ipfw: Ipfw, table: Table) -> None:
    """Make a table."""
    ipfw.last_table += 1
    table.index = ipfw.last_table
    ipfw.tables.append(table)


def tables_of(rule: Rule) -> set[str]:
    """Name the tables that a rule's tests look into."""
    return {match[1] for test in rule.body for match in _TABLE.finditer(test.value)}


def chosen(ipfw: Ipfw, first: int = 0, last: int = DEFAULT_RULE, set_number: int | None = None) -> list[Rule]:
    """Give the rules with numbers from the first to the last, of one set or of all; not the default rule."""
    return [
        rule
        for rule in ipfw.rules[:-1]
        if first <= rule.number <= last and set_number in {None, rule.set_number}
    ]


def delete(ipfw: Ipfw, rules: list[Rule]) -> int:
    """Take rules away, and the states that they made; give how many there were."""
    gone = {rule.id for rule in rules}
    ipfw.rules = [rule for rule in ipfw.rules if rule.id not in gone]
    if ipfw.keeps_states:
        ipfw.orphans += rules
    else:
        ipfw.states = [state for state in ipfw.states if state.parent not in gone]
    return len(gone)


def flush(ipfw: Ipfw) -> None:
    """Take all rules away but those of the last set."""
    delete(ipfw, [rule for rule in ipfw.rules if rule.set_number != DEFAULT_SET])


def enable_sets(ipfw: Ipfw, on: set[int], off: set[int]) -> None:
    """Switch sets in one step; the last one stays on."""
    ipfw.disabled = sorted(((set(ipfw.disabled) | off) - on) - {DEFAULT_SET})


def swap_sets(ipfw: Ipfw, one: int, other: int) -> None:
    """Let the rules of two sets change places; what is switched off stays so."""
    for rule in ipfw.rules[:-1]:
        if rule.set_number in {one, other}:
            rule.set_number = other if rule.set_number == one else one


def move(rules: list[Rule], set_number: int) -> None:
    """Put rules into a set."""
    for rule in rules:
        rule.set_number = set_number
