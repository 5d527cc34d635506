"""Writes a firewall as the files that `ipfw FILE` executes.

One line is one command. ipfw cuts a line off at `#` and takes what is beyond 4095 bytes for the next one,
so that neither may be in a line; and each line must read back as what it was written from, so that no text
in a rule, a table or an instance can be anything else than what it stands for.

Source: reference ipfw §1, §5, §8, §9; captures ipfw (file-good, file-bad-second).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from apps.freebsd.errors import InvalidInput
from apps.freebsd.firewall.model import DEFAULT_RULE, HIGHEST_SET, Term
from apps.freebsd.firewall.nat_config import nat_text, parse_nat
from apps.freebsd.firewall.operands import table_name
from apps.freebsd.firewall.parse import parse_rule
from apps.freebsd.firewall.printing import rule_text
from apps.freebsd.firewall.tables import checked_entry
from apps.freebsd.firewall.word_stream import plain_line

if TYPE_CHECKING:
    from apps.freebsd.firewall.model import Firewall, NatInstance, Rule, Table

TABLE_KINDS = ("addr", "iface", "number")


@dataclass(frozen=True, slots=True)
class FirewallScript:
    """Two files for `ipfw FILE`.

    Args:
        rules: `add NNNNN set N …`, a line a rule.
        globals: What belongs to no set: `enable|disable one_pass`, tables with their entries, NAT instances.
    """

    rules: str
    globals: str


def firewall_script(firewall: Firewall, set_number: int) -> FirewallScript:
    """Write a firewall.

    Args:
        firewall: What is written.
        set_number: The set into which all of its rules go, 0 to 31.

    Raises:
        InvalidInput: A rule, table or instance cannot be written so that ipfw reads just that.
    """
    rules = [_line(rule_line(rule, set_number)) for rule in firewall.rules]
    tables = [_line(line) for table in firewall.tables for line in _table_lines(table)]
    nat = [_line(_nat_line(instance)) for instance in firewall.nat]
    one_pass = f"{'enable' if firewall.one_pass else 'disable'} one_pass"
    return FirewallScript(_text(rules), _text([one_pass, *tables, *nat]))


def rule_line(rule: Rule, set_number: int) -> str:
    """Return the line that adds a rule to a set.

    Raises:
        InvalidInput: The rule has no number, or reads back as another one.
    """
    if rule.number is None or not 1 <= rule.number < DEFAULT_RULE or not 0 <= set_number <= HIGHEST_SET:
        raise InvalidInput(f"A rule without a number of its own cannot be put in a file: {rule_text(rule)}")
    placed = replace(rule, set_number=set_number)
    text = rule_text(replace(placed, state=_typed_state(rule.state)), with_set=True)
    if parse_rule(text) != placed:
        raise InvalidInput(f"This rule reads back as another one, so the panel does not write it: {text}")
    return f"add {text}"


def _typed_state(state: Term | None) -> Term | None:
    """Say what is counted by as ipfw reads it: it prints commas, and reads blanks."""
    if state is None or state.name not in ("limit", "set-limit"):
        return state
    masks, _, rest = state.value.partition(" ")
    return Term(state.name, f"{masks.replace(',', ' ')} {rest}")


def _table_lines(table: Table) -> list[str]:
    name = table_name(table.name)
    if table.kind not in TABLE_KINDS:
        raise InvalidInput(f"The panel writes no tables of kind {table.kind}, and {name} is one.")
    entries = [checked_entry(table.kind, key, value) for key, value in table.entries]
    first = f"table {name} create type {table.kind} missing or-flush"
    return [first, *(f"table {name} add {key} {value}" for key, value in entries)]


def _nat_line(nat: NatInstance) -> str:
    text = nat_text(nat)
    if parse_nat(text) != nat:
        raise InvalidInput(
            f"NAT instance {nat.number} reads back as another one, so the panel does not write it."
        )
    return text


def _line(line: str) -> str:
    if "#" in line:
        raise InvalidInput(f"ipfw would cut this line off at #: {line}")
    if plain_line(line, "A line for ipfw") != line:
        raise InvalidInput(f"ipfw would read other words than these: {line}")
    return line


def _text(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
