"""A firewall as JSON: texts only, as ipfw prints them, so that what is kept can be read by people too.

Source: reference ipfw §4, §5.2, §9.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.freebsd.errors import InvalidInput, ParseError
from apps.freebsd.firewall.model import Firewall, Table
from apps.freebsd.firewall.nat_config import nat_text, parse_nat
from apps.freebsd.firewall.parse import read_leniently
from apps.freebsd.firewall.printing import rule_text

if TYPE_CHECKING:
    from collections.abc import Mapping


def to_json(firewall: Firewall) -> dict[str, object]:
    """Return a firewall as JSON holds it."""
    return {
        "rules": [rule_text(rule, with_set=True) for rule in firewall.rules],
        "nat": [nat_text(nat) for nat in firewall.nat],
        "tables": {table.name: _table_json(table) for table in firewall.tables},
        "one_pass": firewall.one_pass,
        "default_allows": firewall.default_allows,
        "disabled_sets": sorted(firewall.disabled_sets),
    }


def from_json(data: Mapping[str, object]) -> Firewall:
    """Return the firewall that `to_json` wrote.

    Raises:
        ParseError: It is none.
    """
    try:
        return Firewall(
            rules=tuple(read_leniently(text) for text in _texts(data["rules"])),
            nat=tuple(parse_nat(text) for text in _texts(data["nat"])),
            tables=tuple(_table(name, entries) for name, entries in _items(data["tables"])),
            one_pass=bool(data["one_pass"]),
            default_allows=bool(data["default_allows"]),
            disabled_sets=frozenset(_numbers(data["disabled_sets"])),
        )
    except (KeyError, TypeError, ValueError, InvalidInput) as error:
        raise ParseError(f"What is kept of a firewall cannot be read: {error}") from error


def _texts(value: object) -> list[str]:
    return [text for text in _list(value) if isinstance(text, str)]


def _numbers(value: object) -> list[int]:
    return [number for number in _list(value) if isinstance(number, int)]


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise TypeError("a list was expected")
    return value


def _items(value: object) -> list[tuple[str, object]]:
    if not isinstance(value, dict):
        raise TypeError("an object was expected")
    return sorted((str(name), entries) for name, entries in value.items())


def _table_json(table: Table) -> object:
    """Write a table of addresses as its entries alone, any other with its kind."""
    entries = [list(entry) for entry in table.entries]
    return entries if table.kind == "addr" else {"kind": table.kind, "entries": entries}


def _table(name: str, value: object) -> Table:
    """Read a table; a mere list of entries is one of addresses."""
    if isinstance(value, list):
        return Table(name, _entries(value))
    (_, entries), (_, kind) = _items(value)
    return Table(name, _entries(entries), str(kind))


def _entries(value: object) -> tuple[tuple[str, str], ...]:
    pairs = [_texts(pair) for pair in _list(value)]
    return tuple((key, number) for key, number in pairs)
