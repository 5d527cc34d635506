"""The table that `make faults` ends with."""

from __future__ import annotations

from collections import Counter
from statistics import median

from tests.faults.rounds import Result

HEAD = ("fault", "database", "rounds", "median s", "max s", "jobs came to", "taken over", "violations")


def table(results: list[Result]) -> str:
    """Return a Markdown table: a line for each fault and database."""
    groups: dict[tuple[str, str], list[Result]] = {}
    for result in results:
        groups.setdefault((result.fault, result.database), []).append(result)
    rows = [HEAD, *(_row(*key, group) for key, group in sorted(groups.items()))]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    violations = sum(len(result.violations) for result in results)
    return "\n".join([*lines, "", f"{len(results)} rounds, {violations} violations"])


def _row(fault: str, database: str, group: list[Result]) -> tuple[str, ...]:
    seconds = [result.seconds for result in group]
    states: Counter[str] = Counter()
    for result in group:
        states.update(result.states)
    came_to = ", ".join(f"{count} {state}" for state, count in states.most_common())
    numbers = (len(group), f"{median(seconds):.1f}", f"{max(seconds):.1f}")
    last = (came_to, sum(r.takeovers for r in group), sum(len(r.violations) for r in group))
    return (fault, database, *(str(number) for number in (*numbers, *last)))
