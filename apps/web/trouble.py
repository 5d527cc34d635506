"""Trouble below the panel, which is nobody's bug: its database is away, or its machine's disk is full."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from dataclasses import dataclass

from django.db import InterfaceError, OperationalError


@dataclass(frozen=True, slots=True)
class Trouble:
    """How it is told; the page of the same number says it at more length.

    Args:
        status: The HTTP status.
        title: What is wrong.
        message: What that means for who asked.
    """

    status: int
    title: str
    message: str


AWAY = Trouble(503, "The panel’s database is away", "Nothing was stored. Try again in a moment.")
FULL = Trouble(
    507, "The panel has no room left", "A disk of the panel’s own machine is full. Nothing was stored."
)

# SQLite's words, PostgreSQL's (53100), and the operating system's. SQLite calls a file that may not grow an
# error of the disk.
_NO_ROOM = ("database or disk is full", "no space left on device", "disk i/o error", "file too large")
_NO_ROOM_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def look_of(error: BaseException | None) -> Trouble | None:
    """Return how an error is told when it is such trouble; None when it is something else.

    Args:
        error: What ended a request.
    """
    causes = list(_with_causes(error))
    if any(_is_full(cause) for cause in causes):
        return FULL
    return AWAY if any(isinstance(cause, OperationalError | InterfaceError) for cause in causes) else None


def _is_full(error: BaseException) -> bool:
    if isinstance(error, OSError):
        return error.errno in _NO_ROOM_ERRORS
    if not isinstance(error, OperationalError):
        return False
    return any(words in str(error).lower() for words in _NO_ROOM)


def _with_causes(error: BaseException | None) -> Iterator[BaseException]:
    """A template or a form may have wrapped what happened."""
    while error is not None:
        yield error
        error = error.__cause__
