"""Lines as the tools mean them (a line feed ends one, and nothing else does), and as messages show them."""

from __future__ import annotations

_LONGEST = 100


def split_lines(text: str) -> list[str]:
    """Return the lines of `text` without their line feeds.

    str.splitlines would also break at form feeds, U+2028 and the like, which an interface's description or
    a path may hold.
    """
    return text.removesuffix("\n").split("\n") if text else []


def excerpt(text: str) -> str:
    """Return the beginning of what a host printed, fit for a sentence: one printable, short line."""
    line, _, rest = text.strip().partition("\n")
    shown = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in line[:_LONGEST])
    return f"{shown}…" if rest or len(line) > _LONGEST else shown
