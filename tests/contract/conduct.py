"""Running all cases against one host, and the table of what held and what differed."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from apps.freebsd.errors import PanelError
from tests.contract.cases import CASES, Case, title

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.contract.trial import Row, Trial


async def conduct(trial: Trial, case: Case) -> None:
    """Run one case; what stops it in its middle is a difference like any other."""
    trial.case = title(case)
    try:
        await case(trial)
    except (PanelError, AssertionError, TimeoutError, StopIteration) as error:
        trial.expect("the case goes to its end", "", f"{type(error).__name__}: {error}")


async def conduct_all(trial: Trial) -> None:
    for case in CASES:
        await conduct(trial, case)


def table(rows: Sequence[Row], *, all_rows: bool = True) -> Iterator[str]:
    """Give the lines of the table: one a row, and both texts where they differ."""
    case = ""
    for row in rows:
        if row.held and not all_rows:
            continue
        if row.case != case:
            case = row.case
            yield f"\n{case}"
        yield f"  {'held   ' if row.held else 'DIFFERS'}  {_short(row.what)}"
        if not row.held:
            yield from _both(row)


def summary(rows: Sequence[Row]) -> str:
    differing = sum(not row.held for row in rows)
    return f"{len(rows) - differing} held, {differing} differed."


def _both(row: Row) -> Iterator[str]:
    for label, text in (("expected", row.expected), ("found", row.found)):
        yield textwrap.indent(f"{label}:", " " * 11)
        yield textwrap.indent(text or "(nothing)", " " * 13)


def _short(text: str, limit: int = 120) -> str:
    line = text.encode("unicode_escape").decode()
    return line if len(line) <= limit else f"{line[: limit - 1]}…"
