"""What a change of a file does to it, line by line."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher

from apps.freebsd.commands import FileChange

AROUND = 3
NO_END = "\\ No line feed at the end"  # as diff(1) says it


@dataclass(frozen=True, slots=True)
class DiffLine:
    """One line of a difference.

    Args:
        mark: `new`, `gone`, `kept`, or `skip` for lines that stay and are left out.
        text: The line; for `skip` how many they are, in words.
    """

    mark: str
    text: str


def diff_lines(change: FileChange) -> list[DiffLine]:
    """Return a file's change, with some lines around each difference."""
    return compare_texts(change.before or "", change.after)


def compare_texts(before: str, after: str) -> list[DiffLine]:
    """Return the difference of two texts, with some lines around each."""
    old, new = _lines(before), _lines(after)
    made: list[DiffLine] = []
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    for how, i1, i2, j1, j2 in matcher.get_opcodes():
        if how == "equal":
            made += _kept(old[i1:i2], is_first=i1 == 0, is_last=i2 == len(old))
        else:
            made += [DiffLine("gone", line) for line in old[i1:i2]]
            made += [DiffLine("new", line) for line in new[j1:j2]]
    return made


def _lines(text: str) -> list[str]:
    lines = text.split("\n")
    if lines[-1]:
        return [*lines, NO_END]
    return lines[:-1]


def _kept(lines: list[str], *, is_first: bool, is_last: bool) -> list[DiffLine]:
    head, tail = (0 if is_first else AROUND), (0 if is_last else AROUND)
    left_out = len(lines) - head - tail
    if left_out <= 1:
        return [DiffLine("kept", line) for line in lines]
    last = lines[len(lines) - tail :]
    return [
        *(DiffLine("kept", line) for line in lines[:head]),
        DiffLine("skip", f"{left_out} lines stay as they are"),
        *(DiffLine("kept", line) for line in last),
    ]
