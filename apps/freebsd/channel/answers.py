"""What the host agent's exit statuses mean, for all of its verbs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.freebsd.channel.request import plain_text
from apps.freebsd.errors import CommandFailed, PanelError, ParseError, RequestRefused

if TYPE_CHECKING:
    from apps.freebsd.channel import Answer

EX_USAGE, EX_DATAERR, EX_NOINPUT, EX_CANTCREAT = 64, 65, 66, 73
EX_IOERR, EX_TEMPFAIL, EX_LOST, EX_NOPERM = 74, 75, 76, 77


class NoSuchFile(RequestRefused):
    """The host does not have this file."""


def no_such_file(path: str) -> NoSuchFile:
    """Return the error of a file that a host does not have."""
    return NoSuchFile(f"The host has no file {path}.")


def expect_success(answer: Answer, verb: str) -> None:
    """Raise what the agent's exit status means, unless it did what it was asked for."""
    if answer.status != 0:
        raise failure(answer, verb)


def failure(answer: Answer, verb: str) -> PanelError:
    """Return the error that the agent's exit status means."""
    said = plain_text(answer.stderr) or "no reason given"
    if answer.status in (EX_USAGE, EX_DATAERR, EX_NOINPUT, EX_NOPERM):
        return RequestRefused(f"The host refused “{verb}”: {said}")
    if answer.status in (EX_CANTCREAT, EX_IOERR):
        return CommandFailed(f"The host could not do “{verb}”: {said}")
    return ParseError(f"The host's answer to “{verb}” (status {answer.status}) makes no sense: {said}")
