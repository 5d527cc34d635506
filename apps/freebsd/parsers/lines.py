"""Lines as the tools mean them: a line feed ends one, and nothing else does."""

from __future__ import annotations


def split_lines(text: str) -> list[str]:
    """Return the lines of `text` without their line feeds.

    str.splitlines would also break at form feeds, U+2028 and the like, which an interface's description or
    a path may hold.
    """
    return text.removesuffix("\n").split("\n") if text else []
