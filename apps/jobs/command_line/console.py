"""Where a command writes: what was asked for, and remarks beside it; to a terminal only what is harmless."""

from __future__ import annotations

import re
from collections.abc import Callable

from django.core.management.base import OutputWrapper
from django.core.management.color import Style

from apps.pages.status import look_of

# The colours of pages, in the words of Django's styles.
STYLES = {"green": "SUCCESS", "red": "ERROR", "orange": "WARNING", "blue": "MIGRATE_HEADING"}


class Console:
    """Standard output and error of a command.

    Args:
        out: Standard output: what was asked for.
        err: Standard error: remarks, which do not belong into a file or a pipe.
        style: Django's styles; none where colours are not wanted.
    """

    def __init__(self, out: OutputWrapper, err: OutputWrapper, style: Style) -> None:
        self._out, self._err, self._style = out, err, style
        self._guard = TerminalGuard() if out.isatty() else None
        self._in_line = False

    def line(self, text: str = "") -> None:
        """Write a line to standard output."""
        self._out.write(text)

    def part(self, text: str) -> None:
        """Write to standard output without ending the line."""
        self._out.write(text, ending="")

    def note(self, text: str, colour: str = "") -> None:
        """Write a remark to standard error, on a line of its own."""
        if self._in_line and self._guard:
            self._err.write("", style_func=str)
        self._in_line = False
        self._out.flush()
        self._err.write(self.paint(text, colour), style_func=str)
        self._err.flush()

    def paint(self, text: str, colour: str) -> str:
        """Colour a text, where colours are wanted."""
        paint: Callable[[str], str] = getattr(self._style, STYLES.get(colour, ""), str)
        return paint(text)

    def state(self, state: str, width: int = 0, more: str = "") -> str:
        """Return the word for a job's or step's state, in its colour."""
        look = look_of(state, "job")
        text = f"{look.label.lower()} {more}".rstrip()
        return self.paint(text, look.colour) + " " * (width - len(text))

    def raw(self, data: bytes) -> None:
        """Write bytes as they are; to a terminal without what would take control of it."""
        data = self._guard.harmless(data) if self._guard else data
        if not data:
            return
        self._in_line = not data.endswith(b"\n")
        buffer = getattr(self._out, "buffer", None)
        if buffer is None:
            self._out.write(data.decode(errors="replace"), ending="")
        else:
            self._out.flush()
            buffer.write(data)
        self._out.flush()


def plain(text: str) -> str:
    """Return one line without control characters: what a host said must not move the cursor."""
    return "".join(sign if sign.isprintable() else f"\\x{ord(sign):02x}" for sign in text)


class TerminalGuard:
    """Lets through what tools print to a terminal (colours, tabs, going back in the line), and nothing else.

    A terminal obeys escape sequences: some set its title, some make it type. A host is not trusted so far.
    """

    _SEQUENCE = re.compile(rb"(\x1b\[[\d;:]{0,32}[mK])|[\x00-\x07\x0b\x0c\x0e-\x1f\x7f]|\xc2[\x80-\x9f]")
    _UNFINISHED = re.compile(rb"(?:\x1b(?:\[[\d;:]{0,32})?|\xc2)\Z")

    def __init__(self) -> None:
        self._rest = b""

    def harmless(self, data: bytes) -> bytes:
        """Return `data` with other control characters made visible; a sequence may come in two pieces."""
        data = self._rest + data
        unfinished = self._UNFINISHED.search(data)
        cut = unfinished.start() if unfinished else len(data)
        self._rest = data[cut:]
        return self._SEQUENCE.sub(self._seen, data[:cut])

    @staticmethod
    def _seen(found: re.Match[bytes]) -> bytes:
        return found[1] or b"^" + bytes([found[0][-1] & 0x7F ^ 0x40])
