"""Output as a terminal would show it: colours, lines that are drawn over, no other control characters.

Output is cut into lines at places that depend on its bytes alone, never on the pieces in which it came, so
a reader may begin at any line's beginning: a line that is not at its end yet is shown, and later shown anew.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import groupby

# A line that is longer is cut: where it is drawn over, else anywhere between two characters.
LONG_BYTES = 16 * 1024
# How far before a line colours may have been set.
LOOK_BACK_BYTES = 8 * 1024
# How far right of a line's end the cursor may be put.
MOST_COLUMNS = 80
# A sequence that is longer and has no end yet may be cut through.
SEQUENCE_BYTES = 64

CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
TOKEN = re.compile(
    r"(?P<text>[^\x00-\x08\x0b-\x1f\x7f-\x9f]+)"
    r"|(?:\x1b\[|\x9b)(?P<words>[0-?]*)[ -/]*(?P<verb>[@-~]|$)"
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c|(?=\x1b)|$)"
    r"|\x1b[ -/]*(?:[0-~]|$)"
    r"|(?P<control>[\x00-\x1f\x7f-\x9f])"
)
COLOUR = re.compile(r"\x1b\[([0-9;:]*)m")


@dataclass(frozen=True, slots=True)
class Style:
    """How characters look.

    Args:
        front: Colour of the characters, 0–15; None for the usual one.
        back: Colour behind them.
        marks: Of "bold", "dim", "italic", "underline", "reverse", "strike".
    """

    front: int | None = None
    back: int | None = None
    marks: frozenset[str] = frozenset()

    @property
    def css(self) -> str:
        """The names of its classes (static/rooms.css)."""
        return "" if self is PLAIN else _css(self)


PLAIN = Style()


@lru_cache(maxsize=1024)
def _css(style: Style) -> str:
    front, back = style.front, style.back
    names = sorted(f"t-{mark}" for mark in style.marks - {"reverse"})
    if "reverse" in style.marks and front is None and back is None:
        names.append("t-reverse")
    elif "reverse" in style.marks:
        front, back = back, front
    names += [] if front is None else [f"t-{front}"]
    names += [] if back is None else [f"t-on t-on-{back % 8}"]
    return " ".join(names)


@dataclass(frozen=True, slots=True)
class Run:
    """Characters that look the same."""

    text: str
    style: Style = PLAIN


@dataclass(frozen=True, slots=True)
class Line:
    """One line, or a part of one that is too long.

    Args:
        start: Where it begins in the bytes that were cut.
        data: Its bytes, with those that end it.
    """

    start: int
    data: bytes


def cut_lines(data: bytes) -> tuple[list[Line], int]:
    """Cut bytes that begin at a line's beginning into lines.

    Returns:
        The lines, and where the one begins that is not at its end yet.
    """
    lines: list[Line] = []
    start = 0
    while start < len(data):
        end = data.find(b"\n", start, start + LONG_BYTES) + 1
        if end:
            lines.append(Line(start, data[start:end]))
        elif len(data) - start <= LONG_BYTES:
            break
        elif not (end := _drawn_over(data, start)):
            end = _between_characters(data, start)
            lines.append(Line(start, data[start:end]))
        start = end
    return lines, start


def _drawn_over(data: bytes, start: int) -> int:
    """Return where a long line is begun anew for the last time, so that what stood there is gone; or 0."""
    end = start + LONG_BYTES - 1
    while (end := data.rfind(b"\r", start + 1, end)) > 0:
        if data[end + 1] not in b"\r\n":
            return end
    return 0


def _between_characters(data: bytes, start: int) -> int:
    """Return where a long line may be cut: not inside a character, an escape sequence or a line's end."""
    end = start + LONG_BYTES
    escape = data.rfind(b"\x1b", end - SEQUENCE_BYTES, end)
    if escape > start:
        return escape
    for _ in range(3):
        if data[end - 1 : end] == b"\r" or data[end] & 0xC0 == 0x80:
            end -= 1
    return end


def style_at(before: bytes) -> Style:
    """Return how characters look after these bytes."""
    style = PLAIN
    for words in COLOUR.findall(before.decode(errors="replace")):
        style = _styled(style, words)
    return style


def shown(lines: Iterable[bytes], style: Style = PLAIN) -> Iterator[list[Run]]:
    """Return lines as a terminal shows them; each ends with a newline if its bytes do.

    Args:
        lines: Their bytes.
        style: How characters look before the first one.
    """
    for line in lines:
        runs, style = _drawn(_text(line), style)
        yield [*runs, Run("\n")] if line.endswith(b"\n") else runs


def plain(line: bytes) -> str:
    """Return a line as text, with the newline if it ends with one."""
    text = _text(line)
    bare = COLOUR.sub("", text)
    if CONTROL.search(bare):
        bare = "".join(run.text for run in _drawn(text, PLAIN)[0])
    return f"{bare}\n" if line.endswith(b"\n") else bare


def _text(line: bytes) -> str:
    body = line.rstrip(b"\r\n") if line.endswith(b"\n") else line
    return body.decode(errors="replace")


def _drawn(text: str, style: Style) -> tuple[list[Run], Style]:
    """Return what text shows, and how characters look after it."""
    texts = COLOUR.split(text)
    if any(CONTROL.search(part) for part in texts[::2]):
        screen = _Screen(style)
        screen.draw(text)
        return screen.runs(), screen.style
    runs = [Run(texts[0], style)] if texts[0] else []
    for words, part in zip(texts[1::2], texts[2::2], strict=True):
        style = _styled(style, words)
        runs += [Run(part, style)] if part else []
    return runs, style


def joined(runs: Iterable[Run]) -> list[Run]:
    """Join neighbours that look the same."""
    return [
        Run("".join(run.text for run in group), style)
        for style, group in groupby(runs, key=lambda run: run.style)
    ]


class _Screen:
    """One line of a terminal."""

    def __init__(self, style: Style) -> None:
        self.style = style
        self._cells: list[tuple[str, Style]] = []
        self._column = 0

    def draw(self, text: str) -> None:
        for token in TOKEN.finditer(text):
            if token["text"]:
                self._write(token["text"])
            elif token["verb"]:
                self._obey(token["verb"], token["words"])
            elif token["control"] == "\r":
                self._column = 0
            elif token["control"] == "\b":
                self._column = max(0, self._column - 1)

    def runs(self) -> list[Run]:
        return [
            Run("".join(character for character, _ in cells), style)
            for style, cells in groupby(self._cells, key=lambda cell: cell[1])
        ]

    def _write(self, text: str) -> None:
        end = self._column + len(text)
        self._fill(self._column)
        self._cells[self._column : end] = [(character, self.style) for character in text]
        self._column = end

    def _fill(self, column: int) -> None:
        self._cells += [(" ", PLAIN)] * (column - len(self._cells))

    def _obey(self, verb: str, words: str) -> None:
        count = _number(words) or 1
        if verb == "m":
            self.style = _styled(self.style, words)
        elif verb in "G`":
            self._move_to(count - 1)
        elif verb == "C":
            self._move_to(self._column + count)
        elif verb == "D":
            self._move_to(self._column - count)
        elif verb == "K" or (verb == "J" and not _number(words)):
            self._erase(_number(words))

    def _move_to(self, column: int) -> None:
        self._column = max(0, min(column, len(self._cells) + MOST_COLUMNS))

    def _erase(self, what: int) -> None:
        """Erase to the line's end (0), from its beginning (1), or all of it (2)."""
        if what == 1:
            self._fill(self._column + 1)
            self._cells[: self._column + 1] = [(" ", PLAIN)] * (self._column + 1)
        else:
            del self._cells[0 if what == 2 else self._column :]


def _number(words: str) -> int:
    first = words.partition(";")[0]
    return int(first[:4]) if first.isascii() and first.isdigit() else 0


MARKS = {1: "bold", 2: "dim", 3: "italic", 4: "underline", 7: "reverse", 9: "strike"}
UNMARKS = {
    22: frozenset({"bold", "dim"}),
    23: frozenset({"italic"}),
    24: frozenset({"underline"}),
    27: frozenset({"reverse"}),
    29: frozenset({"strike"}),
}


@lru_cache(maxsize=1024)
def _styled(style: Style, words: str) -> Style:
    """Return how characters look after `ESC [ words m` (ECMA-48, 8.3.117 SGR)."""
    if set(words) - set("0123456789;:"):
        return style
    numbers = iter([int(word[:4] or "0") for word in words.replace(":", ";").split(";")])
    for number in numbers:
        style = _styled_by(style, number, numbers)
    return style


def _styled_by(style: Style, number: int, more: Iterator[int]) -> Style:
    tens, ones = divmod(number, 10)
    if number == 0:
        return PLAIN
    if number in MARKS:
        return replace(style, marks=style.marks | {MARKS[number]})
    if number in UNMARKS:
        return replace(style, marks=style.marks - UNMARKS[number])
    if tens in (3, 4):
        colour = ones if ones < 8 else _mixed(more) if ones == 8 else None
        return replace(style, front=colour) if tens == 3 else replace(style, back=colour)
    if tens in (9, 10) and ones < 8:
        return replace(style, front=ones + 8) if tens == 9 else replace(style, back=ones + 8)
    return style


CUBE = (0, 95, 135, 175, 215, 255)
# xterm's sixteen, for finding the nearest one.
SIXTEEN = (
    (0, 0, 0), (205, 0, 0), (0, 205, 0), (205, 205, 0),
    (0, 0, 238), (205, 0, 205), (0, 205, 205), (229, 229, 229),
    (127, 127, 127), (255, 0, 0), (0, 255, 0), (255, 255, 0),
    (92, 92, 255), (255, 0, 255), (0, 255, 255), (255, 255, 255),
)  # fmt: skip


def _mixed(numbers: Iterator[int]) -> int | None:
    """Return which of the sixteen is nearest to a colour out of 256 (`5;n`) or of millions (`2;r;g;b`)."""
    kind, wanted = next(numbers, 0), [0, 0, 0]
    if kind == 5:
        index = min(next(numbers, 0), 255)
        if index < 16:
            return index
        wanted = _of_256(index)
    elif kind == 2:
        wanted = [min(next(numbers, 0), 255) for _ in range(3)]
    else:
        return None
    distances = [sum((a - b) ** 2 for a, b in zip(wanted, known, strict=True)) for known in SIXTEEN]
    return distances.index(min(distances))


def _of_256(index: int) -> list[int]:
    if index >= 232:
        return [8 + 10 * (index - 232)] * 3
    cube = index - 16
    return [CUBE[cube // 36], CUBE[cube // 6 % 6], CUBE[cube % 6]]
