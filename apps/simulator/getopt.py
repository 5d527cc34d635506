"""Options as getopt(3) and sh's getopts read them: clusters, values, `--`, up to the first operand."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


class BadOption(ValueError):
    """An option that the tool does not have, or one without its value; `option` is its letter."""

    def __init__(self, option: str, *, missing: bool) -> None:
        """Say which option was wrong, and whether it was its value that was missing."""
        super().__init__(option)
        self.option = option
        self.missing = missing

    def text(self, program: str) -> str:
        """Give getopt(3)'s own complaint."""
        fault = "option requires an argument" if self.missing else "illegal option"
        return f"{program}: {fault} -- {self.option}"


def getopt(words: Sequence[str], letters: str) -> tuple[list[tuple[str, str]], list[str]]:
    """Read options up to the first operand.

    Args:
        words: the arguments.
        letters: the options; one with a value has ":" behind it.

    Returns:
        The options in order, each with its value ("" where it has none), and the operands.

    Raises:
        BadOption: as named there.
    """
    found: list[tuple[str, str]] = []
    rest = list(words)
    while rest and rest[0].startswith("-") and rest[0] != "-":
        word = rest.pop(0)
        if word == "--":
            break
        cluster = word[1:]
        while cluster:
            letter, cluster = cluster[0], cluster[1:]
            at = letters.find(letter) if letter != ":" else -1
            if at < 0:
                raise BadOption(letter, missing=False)
            value = ""
            if letters[at + 1 : at + 2] == ":":
                if not cluster and not rest:
                    raise BadOption(letter, missing=True)
                value, cluster = cluster or rest.pop(0), ""
            found.append((letter, value))
    return found, rest
