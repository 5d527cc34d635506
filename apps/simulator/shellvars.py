"""Read the shell assignments that FreeBSD keeps its settings in, as far as such files use the shell.

The real programs run these files. Here `NAME="value"`, `export NAME=…`, single quotes, escapes and
`$NAME` are understood; a line that is anything else is passed over.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_ASSIGNMENT = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)=")
_REFERENCE = re.compile(r"\$(?:\{([A-Za-z_][A-Za-z0-9_]*)(?::?-([^}]*))?\}|([A-Za-z_][A-Za-z0-9_]*))")
_PIECE = re.compile(r"""'([^']*)'|"((?:\\.|[^"\\])*)"|\\(.)|([^\s'"\\;]+)""", re.DOTALL)


def parse(text: str, known: Mapping[str, str] | None = None) -> dict[str, str]:
    """Read assignments; the last one of a name wins.

    Args:
        text: the file.
        known: variables that stand before the file is read, for `$NAME`.

    Returns:
        The variables that the file sets, in the order in which it first sets them.
    """
    found: dict[str, str] = {}
    position = 0
    while position < len(text):
        match = _ASSIGNMENT.match(text, position)
        if match:
            value, position = _value(text, match.end(), {**(known or {}), **found})
            found[match[1]] = value
        position = _after_line(text, position)
    return found


def _after_line(text: str, position: int) -> int:
    """Go to the next statement: behind a `;` or a newline."""
    for at in range(position, len(text)):
        if text[at] == "\n":
            return at + 1
        if text[at] == ";" and not text[position:at].strip():
            return at + 1
    return len(text)


def _value(text: str, position: int, known: Mapping[str, str]) -> tuple[str, int]:
    """Read one shell word at a position: adjoining quoted and bare pieces."""
    pieces: list[str] = []
    while match := _PIECE.match(text, position):
        single, double, escaped, bare = match.groups()
        if single is not None:
            pieces.append(single)
        elif escaped is not None:
            pieces.append("" if escaped == "\n" else escaped)
        else:
            pieces.append(_expand(double if double is not None else bare, known))
        position = match.end()
    return "".join(pieces), position


def _expand(text: str, known: Mapping[str, str]) -> str:
    """Put values in the place of `$NAME`, and take backslashes away, as within double quotes."""

    def value(match: re.Match[str]) -> str:
        return known.get(match[1] or match[3], "") or (match[2] or "")

    parts = re.split(r'\\([$`"\\\n])', text)
    for index in range(0, len(parts), 2):
        parts[index] = _REFERENCE.sub(value, parts[index])
    return "".join("" if part == "\n" and index % 2 else part for index, part in enumerate(parts))


def is_yes(value: str) -> bool:
    """Tell what rc.subr's checkyesno says of a value."""
    return value.upper() in {"YES", "TRUE", "ON", "1"}
