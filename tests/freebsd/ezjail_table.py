"""The tables of docs/ezjail.md: all cells but the last one come from the catalogues.

`python -m tests.freebsd.ezjail_table` writes them anew; what the last column says of a row stays.
"""

from __future__ import annotations

import re
from pathlib import Path

from apps.freebsd.ezjail_settings import SETTINGS
from apps.freebsd.ezjail_usage import SUBCOMMANDS
from apps.freebsd.jail_params import PARAMETERS
from apps.freebsd.jail_variables import VARIABLES

PAGE = Path(__file__).parents[2] / "docs" / "ezjail.md"
_PLACE = re.compile(r"<!-- (?P<key>\w+) -->\n(?P<table>(?:\|.*\n)*)")

Row = tuple[str, ...]


def tables() -> dict[str, tuple[Row, ...]]:
    """Return the tables by their keys: a head, and rows without the last column."""
    return {
        "subcommands": (("call", "what it does"), *_subcommands()),
        "settings": (("variable", "default", "meaning"), *_settings()),
        "variables": (("variable", "default", "meaning", "written by"), *_variables()),
        "parameters": (("parameter", "without it", "meaning"), *_parameters()),
    }


def table_on_page(key: str) -> list[Row]:
    """Return the rows of a table as the page has them, the head and the rule among them."""
    found = next(found for found in _PLACE.finditer(PAGE.read_text()) if found["key"] == key)
    return [_cells(line) for line in found["table"].splitlines()]


def _subcommands() -> list[Row]:
    rows: list[Row] = []
    for command in SUBCOMMANDS:
        rows.append((_code(f"{command.name} {command.operands}"), f"{command.meaning}"))
        rows.extend((_code(f"{command.name} {option.text}"), option.meaning) for option in command.options)
    return rows


def _settings() -> list[Row]:
    return [(_code(one.name), _default(one.default), _said(one.meaning, one.trap)) for one in SETTINGS]


def _variables() -> list[Row]:
    return [
        (
            _code(one.name + "0, 1, …" * one.numbered),
            _default(one.default),
            _said(one.meaning, one.trap),
            ", ".join(one.written_by) or "by hand",
        )
        for one in VARIABLES
    ]


def _parameters() -> list[Row]:
    return [
        (
            _code(one.name),
            _default(one.default),
            _said(one.meaning, one.danger, one.since and f"There {one.since}."),
        )
        for one in PARAMETERS
    ]


def _code(text: str) -> str:
    return f"`{text.strip()}`".replace("|", "\\|")


def _default(text: str | None) -> str:
    return "–" if text is None else _code(text) if text else "empty"


def _said(*sentences: str) -> str:
    return " ".join(sentence for sentence in sentences if sentence).replace("|", "\\|").replace("<", "&lt;")


def _cells(line: str) -> Row:
    return tuple(cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1])


def _table(key: str, wanted: tuple[Row, ...], kept: list[Row]) -> str:
    said = {cells[0]: cells[-1] for cells in kept[2:]}
    head, *rows = wanted
    lines = [(*head, "in the panel"), ("---",) * (len(head) + 1)]
    lines += [(*cells, said.get(cells[0], "Not yet.")) for cells in rows]
    return f"<!-- {key} -->\n" + "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def write() -> None:
    """Write the page's tables anew."""
    wanted = tables()
    PAGE.write_text(
        _PLACE.sub(
            lambda found: _table(
                found["key"], wanted[found["key"]], [_cells(line) for line in found["table"].splitlines()]
            ),
            PAGE.read_text(),
        )
    )


if __name__ == "__main__":
    write()
