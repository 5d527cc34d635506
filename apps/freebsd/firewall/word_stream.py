"""A line as ipfw sees it: words, one after the other, and `{ … or … }` around some of them.

Source: reference ipfw §1, §2; captures ipfw/add-comment (what stands after a comma is joined to it).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from apps.freebsd.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from apps.freebsd.firewall.model import Clause, Term

LINE_BYTES = 4000  # ipfw reads its files by 4095 bytes, and takes what is beyond for the next command


def plain_line(text: str, what: str) -> str:
    """Return a line without needless blanks, joined after commas as ipfw joins it.

    Args:
        text: One line.
        what: How it is called in the sentence of a refusal: `A rule`.

    Raises:
        InvalidInput: It holds a line feed, a NUL or another character that is not printed; or it is too long.
    """
    line = text.strip(" \t\r\n").replace("\t", " ")
    if not line.isprintable():
        raise InvalidInput(
            f"{what} is one line of printable characters, and here is another character in it."
        )
    if len(line.encode()) > LINE_BYTES:
        raise InvalidInput(
            f"{what} has at most {LINE_BYTES} bytes: ipfw would take the rest for another command."
        )
    return re.sub(r" +", " ", re.sub(r", +", ",", line))


class Words:
    """What is still to be read of a line."""

    def __init__(self, words: Sequence[str]) -> None:
        self._words = list(words)
        self._at = 0

    @property
    def is_done(self) -> bool:
        """Whether there is nothing more."""
        return self._at >= len(self._words)

    def rest(self) -> list[str]:
        """Return what is left, without taking it."""
        return self._words[self._at :]

    def next(self, ahead: int = 0) -> str:
        """Return the next word without taking it; empty at the end."""
        at = self._at + ahead
        return self._words[at] if at < len(self._words) else ""

    def take(self, wanted: str) -> str:
        """Take the next word.

        Raises:
            InvalidInput: There is none; `wanted` is what should stand there.
        """
        if self.is_done:
            raise InvalidInput(f"The line ends where {wanted} should stand.")
        self._at += 1
        return self._words[self._at - 1]

    def take_if(self, *candidates: str) -> bool:
        """Take the next word if it is one of these; tell whether it was."""
        if self.is_done or self.next() not in candidates:
            return False
        self._at += 1
        return True

    def clause(self, read: Callable[[bool], Term]) -> Clause:
        """Take one term, or an or-block of them.

        Args:
            read: Takes one term; is told whether it stands in braces.

        Raises:
            InvalidInput: The braces do not match, or `or` stands outside of them.
        """
        is_open = self._opened()
        terms = [read(is_open)]
        while self.take_if("or", "|"):
            if not is_open:
                raise InvalidInput("`or` stands only in braces: { a or b }.")
            terms.append(read(True))
        if is_open and not self.take_if("}", ")"):
            raise InvalidInput("A brace is opened and not closed.")
        return tuple(terms)

    def _opened(self) -> bool:
        word = self.next()
        if not word.startswith(("{", "(")):
            return False
        if len(word) == 1:
            self._at += 1
        else:
            self._words[self._at] = word[1:]
        return True
