"""Tables of addresses that rules can name: their entries as text, and adding, changing and removing them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_network

from django.db import transaction

from apps.accounts.actor import Actor
from apps.accounts.permissions import Perm
from apps.freebsd.errors import Conflict, InvalidInput
from apps.network.models import FirewallTable, RuleSet
from apps.network.rulesets.queries import require_on
from apps.network.rulesets.services import locked, touch

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}")
_NAME_SAYS = (
    "A table's name is 1 to 63 letters, digits and _ . -, as ipfw takes it, and begins with no - or dot."
)
MOST_VALUE = 2**32 - 1
MOST_ENTRIES = 20_000


@dataclass(frozen=True, slots=True)
class BadEntry:
    """A line of a table that cannot be.

    Args:
        line: Its number, from 1.
        text: The line.
        sentence: What is wrong with it.
    """

    line: int
    text: str
    sentence: str


@dataclass(frozen=True, slots=True)
class TableWish:
    """What a table is to be."""

    name: str
    entries: str
    note: str = ""


def read_entries(text: str) -> tuple[tuple[tuple[str, str], ...], tuple[BadEntry, ...]]:
    """Return a table's entries (network, value) in order, and the lines that are none.

    One entry a line: an address or a network, and perhaps a number; `#` begins a remark.

    Source: reference ipfw §9.
    """
    entries: dict[str, str] = {}
    bad: list[BadEntry] = []
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        try:
            key, value = _entry(words)
        except ValueError as error:
            bad.append(BadEntry(number, line.strip(), str(error)))
            continue
        if key in entries:
            bad.append(BadEntry(number, line.strip(), f"{key} stands here twice."))
        entries[key] = value
    return tuple(entries.items()), tuple(bad)


def _entry(words: list[str]) -> tuple[str, str]:
    try:
        network = ip_network(words[0], strict=True)
    except ValueError:
        raise ValueError(_no_network(words[0])) from None
    value = words[1] if len(words) > 1 else "0"
    if len(words) > 2 or not (value.isascii() and value.isdigit() and int(value) <= MOST_VALUE):
        raise ValueError("After the network stands at most one whole number.")
    return str(network), str(int(value))


def _no_network(word: str) -> str:
    try:
        whole = ip_network(word, strict=False)
    except ValueError:
        return f"“{word}” is no address and no network."
    return f"{word} lies inside a network: did you mean {whole} or {word.partition('/')[0]}?"


def table_add(*, actor: Actor, rule_set: RuleSet, wish: TableWish) -> FirewallTable:
    """Add a table to a rule set.

    Raises:
        NotAllowed: The actor may not, on the rule set's hosts.
        InvalidInput: The name or an entry cannot be, or the rule set has a table of this name.
        Conflict: The rule set was removed meanwhile.
    """
    return _put(actor, rule_set, FirewallTable(rule_set=rule_set), wish)


def table_change(*, actor: Actor, rule_set: RuleSet, table: FirewallTable, wish: TableWish) -> FirewallTable:
    """Have a table hold something else, or have another name.

    Raises:
        NotAllowed: The actor may not, on the rule set's hosts.
        InvalidInput: The name or an entry cannot be, or the rule set has another table of this name.
        Conflict: The rule set or the table was removed meanwhile.
    """
    return _put(actor, rule_set, table, wish)


def _put(actor: Actor, rule_set: RuleSet, table: FirewallTable, wish: TableWish) -> FirewallTable:
    require_on(actor, rule_set.host, rule_set.group, Perm.FIREWALL_CHANGE)
    _refuse_bad(wish)
    with transaction.atomic():
        row = locked(rule_set)
        others = row.tables.exclude(pk=table.pk)
        if others.filter(name=wish.name).exists():
            raise InvalidInput("The rule set has a table of this name already.", field="name")
        before = said(table) if table.pk else None
        if table.pk and not row.tables.filter(pk=table.pk).exists():
            raise Conflict("This table was removed meanwhile.")
        table.name, table.entries, table.note = wish.name, wish.entries, wish.note.strip()
        table.save()
        action = "rule_set.table_changed" if before else "rule_set.table_added"
        touch(actor, row, action, {"before": before, "after": said(table)})
    return table


def _refuse_bad(wish: TableWish) -> None:
    if not _NAME.fullmatch(wish.name):
        raise InvalidInput(_NAME_SAYS, field="name")
    entries, bad = read_entries(wish.entries)
    if bad:
        raise InvalidInput(f"Line {bad[0].line}: {bad[0].sentence}", field="entries")
    if len(entries) > MOST_ENTRIES:
        raise InvalidInput(f"A table holds {MOST_ENTRIES} entries at most.", field="entries")


def table_remove(*, actor: Actor, rule_set: RuleSet, table: FirewallTable) -> None:
    """Remove a table. Rules that name it match nothing any more: the lint says which.

    Raises:
        NotAllowed: The actor may not, on the rule set's hosts.
        Conflict: The rule set or the table was removed already.
    """
    require_on(actor, rule_set.host, rule_set.group, Perm.FIREWALL_CHANGE)
    with transaction.atomic():
        row = locked(rule_set)
        if not row.tables.filter(pk=table.pk).delete()[0]:
            raise Conflict("This table was removed already.")
        touch(actor, row, "rule_set.table_removed", {"before": said(table)})


def said(table: FirewallTable) -> dict[str, str]:
    """Return what a table says, for the record."""
    return {"name": table.name, "entries": table.entries, "note": table.note}
