"""A file of shell assignments as a row of pieces which, put together, are the file to the byte."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from apps.freebsd.shellfile.commands import command_end
from apps.freebsd.shellfile.words import ENDS_WORD, LostTrack, Word, read_word, skip_blanks

_SETS = re.compile(rb"([A-Za-z_][A-Za-z0-9_]*)=")
_NAME = re.compile(rb"[A-Za-z_][A-Za-z0-9_]*")
_EXPORT = b"export"
# Nearly every piece of nearly every file, and a probe may bring a thousand files.
_COMMON = re.compile(
    rb"""(?P<blank>\n) | (?P<comment>\#[^\n]*\n)
    | (?P<export>export[ ])?(?P<name>[A-Za-z_][A-Za-z0-9_]*)=(?P<word>"(?P<text>[^"\\$`]*)")\n""",
    re.VERBOSE,
)


class Kind(StrEnum):
    """What a piece is."""

    BLANK = "blank"
    COMMENT = "comment"
    SETS = "sets"
    KEPT = "kept"  # any other shell: not understood, kept word for word


@dataclass(frozen=True, slots=True)
class Assignment:
    """One `NAME=value`.

    Args:
        name: The variable.
        start: The name's first byte, counted from the beginning of the file.
        value_start: The byte after the `=`.
        end: The byte after the value.
        text: What the shell makes of the value, or None when it computes it.
        exported: Whether `export` stands before it.
    """

    name: bytes
    start: int
    value_start: int
    end: int
    text: bytes | None
    exported: bool


@dataclass(frozen=True, slots=True)
class Piece:
    """A blank line, a comment, a statement of assignments, or shell that is kept.

    Args:
        kind: Which of them.
        start: Its first byte, counted from the beginning of the file.
        raw: It to the byte, with the blanks before it and the line feed or `;` that ends it.
        assignments: In order; none but for SETS.
        operands: How many words a statement of assignments has but `export`: bare names may be exported too.
    """

    kind: Kind
    start: int
    raw: bytes
    assignments: tuple[Assignment, ...] = ()
    operands: int = 0

    @property
    def end(self) -> int:
        """The byte after it."""
        return self.start + len(self.raw)


def read_pieces(data: bytes) -> tuple[tuple[Piece, ...], str]:
    """Return the pieces of a file, and why the last of them could not be followed (empty when all could)."""
    if b"\0" in data:
        return (Piece(Kind.KEPT, 0, data),), "it holds NUL bytes, as after a crash of the host"
    pieces: list[Piece] = []
    at = 0
    while at < len(data):
        try:
            piece = _read_piece(data, at)
        except LostTrack as error:
            return (*pieces, Piece(Kind.KEPT, at, data[at:])), str(error)
        except RecursionError:  # the file is a host's, and may be made to hurt
            return (*pieces, Piece(Kind.KEPT, at, data[at:])), "it is nested too deeply"
        pieces.append(piece)
        at = piece.end
    return tuple(pieces), ""


def _read_piece(data: bytes, at: int) -> Piece:
    found = _COMMON.match(data, at)
    return _common_piece(found) if found else _any_piece(data, at)


def _common_piece(found: re.Match[bytes]) -> Piece:
    if found["name"] is None:
        return Piece(Kind.BLANK if found["blank"] else Kind.COMMENT, found.start(), found[0])
    start, end = found.start("name"), found.end("word")
    exported = found["export"] is not None
    made = Assignment(found["name"], start, found.start("word"), end, found["text"], exported)
    return Piece(Kind.SETS, found.start(), found[0], (made,), 1)


def _any_piece(data: bytes, at: int) -> Piece:
    begin = skip_blanks(data, at)
    first = data[begin : begin + 1]
    if first in (b"", b"\n"):
        return Piece(Kind.BLANK, at, data[at : begin + 1])
    if first == b"#":
        return Piece(Kind.COMMENT, at, data[at : _line_end(data, begin)])
    found = _read_assignments(data, begin)
    if found is None:
        return Piece(Kind.KEPT, at, data[at : command_end(data, begin)])
    assignments, operands, end = found
    return Piece(Kind.SETS, at, data[at:end], assignments, operands)


def _read_assignments(data: bytes, at: int) -> tuple[tuple[Assignment, ...], int, int] | None:
    """Return a statement's assignments, number of operands and end; None when it is anything else."""
    words, end = _words(data, at)
    exported = bool(words) and data[words[0].start : words[0].end] == _EXPORT
    operands = words[1:] if exported else words
    made = [_assignment(data, word, exported=exported) for word in operands]
    if not operands or None in made or end < 0:
        return None
    return tuple(one for one in made if isinstance(one, Assignment)), len(operands), end


def _words(data: bytes, at: int) -> tuple[list[Word], int]:
    """Return the words from `at` on and where the statement ends; -1 when more than words belongs to it."""
    words: list[Word] = []
    while True:
        begin = skip_blanks(data, at)
        following = data[begin : begin + 1]
        if following in (b"", b"\n"):
            return words, min(begin + 1, len(data))
        if following == b"#":
            return words, at
        if following == b";" and data[begin + 1 : begin + 2] not in (b";", b"&"):
            return words, begin + 1
        if data[begin] in ENDS_WORD:
            return words, -1
        words.append(read_word(data, begin))
        at = words[-1].end


def _assignment(data: bytes, word: Word, *, exported: bool) -> Assignment | str | None:
    """Return the assignment that `word` is; the bare name that is exported; or None when it is neither."""
    found = _SETS.match(data, word.start, word.end)
    if found is None:
        raw = data[word.start : word.end]
        return raw.decode() if exported and _NAME.fullmatch(raw) else None
    text = word.text
    if exported and word.has_pattern:
        text = None  # as an operand of export, such a word may be taken for a pattern of file names
    return Assignment(
        name=found[1],
        start=word.start,
        value_start=found.end(),
        end=word.end,
        text=None if text is None else text[len(found[0]) :],
        exported=exported,
    )


def _line_end(data: bytes, at: int) -> int:
    found = data.find(b"\n", at)
    return len(data) if found < 0 else found + 1
