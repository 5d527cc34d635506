"""A command's purpose in pieces: what it does in a few words, then why each part of it is there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a part of a command is there.

    Args:
        word: The part that it explains, as it stands in the command; empty when it is about the whole.
        text: The rest of the sentence.
    """

    word: str
    text: str


@dataclass(frozen=True, slots=True)
class Purpose:
    """A command's purpose.

    Args:
        summary: What it does.
        reasons: Why it does it so.
    """

    summary: str
    reasons: tuple[Reason, ...]


def purpose_of(text: str, argv: Sequence[str]) -> Purpose:
    """Take a purpose apart where its clauses end: at semicolons, and at the first colon.

    Args:
        text: The sentence that the command's builder wrote.
        argv: The command, whose words the clauses may begin with.
    """
    summary, *clauses = text.removesuffix(".").split("; ")
    summary, _, first = summary.partition(": ")
    words = _words(argv)
    return Purpose(summary, tuple(_reason(clause, words) for clause in [first, *clauses] if clause))


def _words(argv: Sequence[str]) -> frozenset[str]:
    """Return what a clause may call a part of the command: an option, a program, a variable, a verb."""
    named = (PurePosixPath(word.partition("=")[0]).name for word in argv)
    return frozenset(word for word in named if word)


def _reason(clause: str, words: frozenset[str]) -> Reason:
    first, _, rest = clause.partition(" ")
    if rest and first in words:
        return Reason(first, rest)
    return Reason("", clause)
