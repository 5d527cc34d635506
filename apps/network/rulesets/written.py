"""Changes of the written rules, which are a text: one rule a line, blank lines and remarks between them."""

from __future__ import annotations

import re

_NUMBER = re.compile(r"(?:add\s+)?(\d{1,5})\b")


def lines_of(text: str) -> list[str]:
    """Return the lines of a text, whatever ends them."""
    return text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n").split("\n") if text.strip() else []


def is_rule(line: str) -> bool:
    """Say whether a line holds a rule, rather than nothing or a remark."""
    text = line.strip()
    return bool(text) and not text.startswith("#")


def number_of(line: str) -> int | None:
    """Return the number that a line's rule has; None where it has none."""
    found = _NUMBER.match(line.strip())
    return int(found[1]) if found else None


def with_line(text: str, line: int | None, rule: str) -> str:
    """Return a text in which a line is replaced, or one is added after all of its number or a lower one.

    Args:
        text: The written rules.
        line: Which line is replaced, from 1; None to add one.
        rule: What it is to be.
    """
    lines = lines_of(text)
    if line is not None and 1 <= line <= len(lines):
        lines[line - 1] = rule
    else:
        lines.insert(_place(lines, number_of(rule)), rule)
    return joined(lines)


def _place(lines: list[str], number: int | None) -> int:
    if number is None:
        return len(lines)
    at = [i for i, line in enumerate(lines) if is_rule(line) and (number_of(line) or number + 1) <= number]
    if at:
        return at[-1] + 1
    later = (i for i, line in enumerate(lines) if is_rule(line) and (number_of(line) or 0) > number)
    return next(later, len(lines))


def without_line(text: str, line: int) -> str:
    """Return a text without one of its lines."""
    lines = lines_of(text)
    if 1 <= line <= len(lines):
        del lines[line - 1]
    return joined(lines)


def moved(text: str, line: int, step: int) -> str:
    """Return a text in which a rule has changed places with its neighbour of the same number.

    Args:
        text: The written rules.
        line: The rule's line, from 1.
        step: -1 for up, 1 for down.
    """
    lines = lines_of(text)
    other = neighbour(lines, line, step)
    if other is not None:
        lines[line - 1], lines[other - 1] = lines[other - 1], lines[line - 1]
    return joined(lines)


def neighbour(lines: list[str], line: int, step: int) -> int | None:
    """Return the next line above or below that holds a rule of the same number; None when there is none."""
    if not 1 <= line <= len(lines) or not is_rule(lines[line - 1]):
        return None
    number = number_of(lines[line - 1])
    ahead = range(line + step, len(lines) + 1) if step > 0 else range(line - 1, 0, -1)
    same = (at for at in ahead if is_rule(lines[at - 1]) and number_of(lines[at - 1]) == number)
    return next(same, None) if number is not None else None


def joined(lines: list[str]) -> str:
    """Return lines as one text with a line feed at its end."""
    return "".join(f"{line}\n" for line in lines)
