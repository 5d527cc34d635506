"""The tables of docs/limits.md: all cells but the last one of each row come from the catalogue.

`python -m tests.freebsd.limits.table` writes them anew; what the last column says of a row stays.
"""

from __future__ import annotations

import re
from pathlib import Path

from apps.freebsd.limits.actions import ACTIONS, PER_MEANING, SUBJECT_MEANING
from apps.freebsd.limits.catalogue import RESOURCES, Resource

PAGE = Path(__file__).parents[3] / "docs" / "limits.md"
LAST = "in the panel"
_PLACE = re.compile(r"<!-- (?P<key>\w+) -->\n(?P<table>(?:\|.*\n)*)")

Row = tuple[str, ...]


def tables() -> dict[str, tuple[Row, ...]]:
    """Return the tables by their keys: a head, and rows, without the last column."""
    return {
        "resources": (
            ("resource", "unit", "meaning", "at the limit of deny", "besides deny", "per process", "mind"),
            *map(_resource, RESOURCES),
        ),
        "actions": (
            ("action", "what the kernel does", "what the program notices"),
            *((f"`{one.name}`", one.meaning, one.effect) for one in ACTIONS),
        ),
        "subjects": (
            ("subject", "whom a rule is about", "`/` behind the amount"),
            *((f"`{one}`", SUBJECT_MEANING[one], PER_MEANING[one]) for one in SUBJECT_MEANING),
        ),
    }


def _resource(one: Resource) -> Row:
    others = [name for name in one.actions if name != "deny" and not name.startswith("sig")]
    return (
        f"`{one.name}`",
        one.unit,
        one.meaning,
        one.denied or f"Refused: {one.why_not('deny')}",
        f"{', '.join(others)}, signals",
        "no" if one.is_shared else "yes",
        one.trap or "–",
    )


def table_on_page(key: str) -> list[Row]:
    """Return the rows of a table as the page has them, the head and the rule among them."""
    found = next(found for found in _PLACE.finditer(PAGE.read_text()) if found["key"] == key)
    return _rows(found["table"])


def _rows(table: str) -> list[Row]:
    return [tuple(cell.strip() for cell in line.split("|")[1:-1]) for line in table.splitlines()]


def _table(key: str, wanted: tuple[Row, ...], kept: list[Row]) -> str:
    said = {cells[0]: cells[-1] for cells in kept[2:]}
    head, *rows = wanted
    lines = [(*head, LAST), ("---",) * (len(head) + 1)]
    lines += [(*cells, said.get(cells[0], "Not yet.")) for cells in rows]
    return f"<!-- {key} -->\n" + "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def write() -> None:
    """Write the page's tables anew."""
    wanted = tables()
    PAGE.write_text(
        _PLACE.sub(
            lambda found: _table(found["key"], wanted[found["key"]], _rows(found["table"])), PAGE.read_text()
        )
    )


if __name__ == "__main__":
    write()
