"""How a rule's tests are put together: negations and or-blocks, with the state that ipfw keeps in between.

Source: sbin/ipfw/ipfw2.c (OR_START, NOT_BLOCK, OR_BLOCK, CLOSE_PAR).
"""

from __future__ import annotations

from dataclasses import dataclass

from apps.simulator.ipfw.model import Instruction, Rule
from apps.simulator.ipfw.refused import DATAERR, USAGE, Refused
from apps.simulator.ipfw.words import Words


@dataclass(slots=True)
class Builder:
    """A rule that is being read.

    A `not` counts for the next test that is made, also where the word behind it makes none: so
    `from not any to 10.0.0.1` means `to not 10.0.0.1`, as in ipfw.

    Attributes:
        words: what is left.
        rule: what was read.
        is_not: a `not` waits for its test.
        is_open: an or-block is.
        previous: the last test of the or-block.
        is_six: the protocol was ip6.
        comment_follows: `//` was read.
    """

    words: Words
    rule: Rule
    is_not: bool = False
    is_open: bool = False
    previous: Instruction | None = None
    is_six: bool = False
    comment_follows: bool = False

    def add(self, name: str, value: str = "", *, turned: bool = False) -> None:
        """Add a test; `turned` makes it the opposite of what its name says."""
        self.previous = Instruction(name, value, is_not=self.is_not != turned)
        self.is_not = False
        self.rule.body.append(self.previous)

    def open_block(self) -> None:
        """Take `{` or `(`, which may be written together with the word behind it."""
        word = self.words.next
        if word[:1] in {"{", "("} and word:
            if self.is_open:
                raise Refused('nested "(" not allowed\n', USAGE)
            self.previous, self.is_open = None, True
            self.words.cut(1)

    def take_not(self) -> None:
        """Take `not`, once."""
        if self.words.accept("not"):
            if self.is_not:
                raise Refused('double "not" not allowed\n', USAGE)
            self.is_not = True

    def take_bang(self) -> None:
        """Note a `not` or `!` among the options, once."""
        if self.is_not:
            raise Refused('double "not" not allowed\n', USAGE)
        self.is_not = True

    def take_or(self) -> bool:
        """Take `or`; without one, close the block that is open."""
        if self.words.accept("or"):
            if self.previous is None or not self.is_open:
                raise Refused("invalid OR block", DATAERR)
            self.previous.or_next = True
            return True
        if self.is_open:
            if self.words.next not in {")", "}"}:
                raise Refused('missing ")"\n', USAGE)
            self.words.take()
            self.previous, self.is_open = None, False
        return False
