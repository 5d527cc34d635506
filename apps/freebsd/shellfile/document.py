"""A file that sh sources: what its variables are, and how to change one of them and nothing else."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Self

from apps.freebsd.errors import ParseError
from apps.freebsd.parsers.lines import excerpt
from apps.freebsd.shellfile.pieces import Assignment, Kind, Piece, read_pieces
from apps.freebsd.shellfile.quoting import name_bytes, quote_like, value_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

# Repetitions are bounded, for a file may be made to hurt.
# In shell that is kept: what may end the file early or change what an assignment means, wherever it stands …
_STOPS = re.compile(
    rb"""(?<![\w./-])(?:exit|return|exec|eval|set|shift|readonly|alias|trap)(?![\w./-])
    | ^\s*export\b | (?<![\w./-])export(?!\s+[A-Za-z_]\w*(?:[=\s;&|)]|\Z))
    | (?<![\w./-])unset(?!(?:\s{1,9}[A-Za-z_]\w{0,99}){1,20}\s{0,9}(?:[;&|)\n]|\Z))""",
    re.VERBOSE,
)
_FUNCTION = re.compile(rb"\w\s*\(\s*\)")
# … and what may set any variable at all, once it has run: above all a command whose name is computed.
_SETS_ANY = re.compile(
    rb"""(?<![\w./-])source(?![\w./-]) | (?<![^\s;&|({])\.\s
    | (?:^ | [;&|({\n!] | [=<>]\S{0,99}\s | [<>]\s\S{1,99}\s
        | (?<!\w)(?:then|do|else|elif|if|while|until|command)\s)\s{0,99}[$`]""",
    re.VERBOSE,
)
_FAILS = re.compile(rb"\$\{\w+:?\?")
_MOST = 50
_QUOTES = re.compile(rb"\\\n|[\\'\"]")


@dataclass(frozen=True, slots=True)
class Reading:
    """What the file says of a variable.

    Args:
        name: The variable.
        text: Its value, or None when the shell would compute it.
        words: The value as it is written, quotes and all.
        exported: Whether `export` stands before it.
        doubt: Why the shell might see another value, or empty.
    """

    name: str
    text: str | None
    words: str
    exported: bool
    doubt: str


class ShellFile:
    """A file of shell assignments; it never changes, `set` and `unset` return another.

    Texts hold bytes that are not UTF-8 as os.fsdecode gives them. A carriage return is a character like any
    other, as it is for sh: in a file with CRLF, unquoted, it belongs to the value.

    Args:
        data: The whole file, any bytes.
    """

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.pieces, self.problem = read_pieces(data)

    def render(self) -> bytes:
        """Return the file, put together from its pieces."""
        return b"".join(piece.raw for piece in self.pieces)

    @property
    def names(self) -> tuple[str, ...]:
        """The variables that it sets, each once, in the order of their first assignments."""
        return tuple(dict.fromkeys(made.name.decode() for made in self._assignments()))

    @property
    def kept(self) -> tuple[str, ...]:
        """The pieces of shell that are not understood, word for word."""
        return tuple(_text(piece.raw) for piece in self.pieces if piece.kind is Kind.KEPT)

    def reading(self, name: str) -> Reading | None:
        """Return what it says of `name` in its last assignment, or None when there is none."""
        made = self._last(name_bytes(name))
        if made is None:
            return None
        return Reading(
            name=name,
            text=None if made.text is None else _text(made.text),
            words=_text(self.data[made.value_start : made.end]),
            exported=made.exported,
            doubt=self.doubt(name),
        )

    def value(self, name: str) -> str | None:
        """Return the value of `name` where it is certain and not computed, else None."""
        found = self.reading(name)
        return None if found is None or found.doubt else found.text

    def doubt(self, name: str) -> str:
        """Return why the shell might see another value than the last assignment of `name` gives, or empty.

        Where there is no assignment: why the shell might see one all the same.
        """
        wanted = name_bytes(name)
        if self.problem:
            return f"sh may not get to the end of the file: {self.problem}."
        if self._is_plain:
            return ""
        last = self._last(wanted)
        after = last.end if last else 0
        for piece in self.pieces:
            if piece.kind is Kind.KEPT:
                doubtful = self._codes[piece.start].touches(wanted, is_later=piece.start >= after)
            else:
                doubtful = any(self._computes(made, wanted, after) for made in piece.assignments)
            if doubtful:
                return f"“{excerpt(_text(piece.raw))}” is shell that may change it."
        return ""

    def set(self, name: str, value: str, *, beside: str = "", export: bool = False) -> Self:
        """Return the file with `name` set to `value`.

        Where it is set already, only the value's own bytes change, those of the last assignment. Else it is
        added on a line of its own.

        Args:
            name: The variable.
            value: Text, of which the shell computes nothing.
            beside: Add it after the last variable whose name begins so, in the way that this one is written;
                at the end where there is none.
            export: Whether to put `export` before it where it is added.

        Raises:
            InvalidInput: This is no name, or no value of one line.
            ParseError: The file has shell in it that we cannot follow and that may set this variable.
        """
        text, wanted = value_bytes(value), name_bytes(name)
        made = self._last(wanted)
        self._check(name, is_there=made is not None)
        if made is None:
            return self._added(wanted, text, beside.encode(), export=export)
        if made.text == text:
            return self
        word = quote_like(text, self.data[made.value_start : made.end])
        return self._checked(self._replaced(made.value_start, made.end, word), name, value)

    def unset(self, name: str) -> Self:
        """Return the file without any assignment of `name`; a line that set nothing else goes.

        Raises:
            InvalidInput: This is no name.
            ParseError: The file has shell in it that we cannot follow and that may set this variable.
        """
        wanted = name_bytes(name)
        if sum(made.name == wanted for made in self._assignments()) > _MOST:
            raise ParseError(f"{name} is set more than {_MOST} times in this file: change it by hand.")
        file = self
        while made := file._last(wanted):
            file._check(name, is_there=True)
            file = file._without(made)
        return self._checked(file.data, name, None)

    def others(self, name: str) -> list[tuple[str, str | None]]:
        """Return all assignments but those of `name`: the variable, and its text where it has one."""
        all_of_them = ((made.name.decode(), made.text) for made in self._assignments())
        return [
            (other, None if text is None else _text(text)) for other, text in all_of_them if other != name
        ]

    def _assignments(self) -> Iterator[Assignment]:
        return (made for piece in self.pieces for made in piece.assignments)

    def _last(self, name: bytes) -> Assignment | None:
        return self._by_name.get(name)

    @cached_property
    def _by_name(self) -> dict[bytes, Assignment]:
        return {made.name: made for made in self._assignments()}

    @cached_property
    def _is_plain(self) -> bool:
        """Whether there is nothing in it but comments and assignments of plain text."""
        return not any(piece.kind is Kind.KEPT for piece in self.pieces) and not any(
            made.text is None for made in self._assignments()
        )

    @cached_property
    def _codes(self) -> dict[int, _Code]:
        return {piece.start: _Code.read(piece.raw) for piece in self.pieces if piece.kind is Kind.KEPT}

    def _check(self, name: str, *, is_there: bool) -> None:
        doubt = self.doubt(name)
        wanted = name.encode()
        if doubt and (is_there or self.problem or any(code.names(wanted) for code in self._codes.values())):
            raise ParseError(f"{name} cannot be changed in this file: {doubt} Change it by hand.")

    def _checked(self, data: bytes, name: str, value: str | None) -> Self:
        """Return the file `data`, having seen that `name` has the value there and all else is as it was."""
        file = type(self)(data)
        found = file.reading(name)
        if (
            self.others(name) != file.others(name)
            or file.doubt(name)
            or (found.text if found else None) != value
        ):
            raise ParseError(f"{name} cannot be changed in this file without changing what else it may set.")
        return file

    def _replaced(self, start: int, end: int, by: bytes) -> bytes:
        return self.data[:start] + by + self.data[end:]

    def _added(self, name: bytes, value: bytes, beside: bytes, *, export: bool) -> Self:
        sibling = self._sibling(beside) if beside else None
        before = self._before(sibling, export=export) if sibling else b"export " * export
        like = self.data[sibling.value_start : sibling.end] if sibling else b""
        line = before + name + b"=" + quote_like(value, like)
        places = [self._line_end(sibling.end)] if sibling else []
        for at in (*places, len(self.data)):
            file = type(self)(self._with_line(at, line))
            doubt = file.doubt(name.decode())
            if not doubt:
                return self._checked(file.data, name.decode(), _text(value))
        raise ParseError(f"{name.decode()} cannot be set in this file: {doubt} Change it by hand.")

    def _sibling(self, beside: bytes) -> Assignment | None:
        found = [made for made in self._assignments() if made.name.startswith(beside)]
        return found[-1] if found else None

    def _before(self, sibling: Assignment, *, export: bool) -> bytes:
        """Return what to put before a variable's name so that its line looks like its sibling's."""
        at, piece = self._place(sibling)
        indentation = re.match(rb"[ \t]*", piece.raw)
        is_first = not at or self.pieces[at - 1].raw.endswith(b"\n")
        before = indentation[0] if indentation and is_first else b""
        return before + b"export " * (export or sibling.exported)

    def _place(self, made: Assignment) -> tuple[int, Piece]:
        return next((at, piece) for at, piece in enumerate(self.pieces) if made in piece.assignments)

    def _line_end(self, at: int) -> int:
        """Return the end of the line that `at` is on, which goes on where a piece goes over several."""
        ends = (piece.end for piece in self.pieces if piece.end >= at and piece.raw.endswith(b"\n"))
        return next(ends, len(self.data))

    def _with_line(self, at: int, line: bytes) -> bytes:
        before = self.data[:at]
        if before and (before[-1:] != b"\n" or (at == len(self.data) and self._goes_on)):
            return self._replaced(at, at, b"\n" + line)
        return self._replaced(at, at, line + b"\n")

    @property
    def _goes_on(self) -> bool:
        """Whether what is put at the end could become part of the last line."""
        return self.data.endswith(b"\\\n") and self.pieces[-1].kind is not Kind.COMMENT

    def _without(self, made: Assignment) -> Self:
        at, piece = self._place(made)
        if piece.operands == 1:
            start, end = self._statement(at, piece, made)
        elif piece.assignments[0] == made and not made.exported:
            start, end = made.start, piece.assignments[1].start
        else:
            start, end = self._blanks_before(made.start), made.end
        return type(self)(self._replaced(start, end, b""))

    def _computes(self, made: Assignment, name: bytes, after: int) -> bool:
        """Return whether the shell, computing this value, may end the file or set `name` on its way."""
        if made.text is not None:
            return False
        words = self.data[made.value_start : made.end]
        if _FAILS.search(words):
            return True
        if made.start < after:
            return False
        if re.search(rb"\$\{" + name + rb":?=", words):
            return True
        return b"$((" in words and bool(re.search(rb"(?<!\w)" + name + rb"(?!\w)", words))

    def _blanks_before(self, at: int) -> int:
        while True:
            if self.data[at - 1 : at] in (b" ", b"\t"):
                at -= 1
            elif at > 1 and self.data[at - 2 : at] == b"\\\n":
                at -= 2
            else:
                return at

    def _statement(self, at: int, piece: Piece, made: Assignment) -> tuple[int, int]:
        """Return what goes when the piece's only assignment goes."""
        ends_line = piece.raw.endswith(b"\n")
        begins_line = not at or self.pieces[at - 1].raw.endswith(b"\n")
        if begins_line or not ends_line:
            return piece.start, piece.end
        return piece.start, made.end


@dataclass(frozen=True, slots=True)
class _Code:
    """Shell that is kept, and what it could do to variables.

    Args:
        words: It without quotes, so that nothing hides behind them.
        always: Whether it may matter to every assignment, before it or after it.
        sets_any: Whether it may set any variable at all.
        is_function: Whether it defines a function, which runs who knows when.
    """

    words: bytes
    always: bool
    sets_any: bool
    is_function: bool

    @classmethod
    def read(cls, raw: bytes) -> Self:
        words = _QUOTES.sub(b"", raw)
        return cls(
            words=words,
            always=bool(_STOPS.search(words) or _FAILS.search(words)),
            sets_any=bool(_SETS_ANY.search(words)),
            is_function=bool(_FUNCTION.search(words)),
        )

    def names(self, name: bytes) -> bool:
        """Return whether the variable is named other than to read it, as `$NAME` does."""
        return bool(re.search(rb"(?<![\w$])(?<!\$\{)" + name + rb"(?!\w)|\$\{" + name + rb":?=", self.words))

    def touches(self, name: bytes, *, is_later: bool) -> bool:
        """Return whether this may change what an assignment of `name` before it (or after it) comes to."""
        if self.always:
            return True
        return (is_later or self.is_function) and (self.sets_any or self.names(name))


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")
