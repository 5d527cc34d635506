"""The panel's errors: one small tree, each with a sentence for the user and whether trying again may help."""

from __future__ import annotations


class PanelError(Exception):
    """Something that the user is told in plain words.

    Args:
        message: A sentence for the user: what is wrong and what to do.
    """

    retry = False

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class InvalidInput(PanelError, ValueError):
    """A value was refused; `field` names the form field that it belongs to, where there is one."""

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class NotAllowed(PanelError):
    """The actor sees the object but may not do this to it."""


class Conflict(PanelError):
    """The state changed meanwhile, or something else holds what is asked for."""

    retry = True


class CommandFailed(PanelError):
    """A command on the host ran and its outcome is not what was wanted."""


class ParseError(PanelError):
    """A tool said something that we do not understand; nothing may be concluded from it."""


class HostUnreachable(PanelError):
    """The host did not answer, or the line was lost before the answer was whole."""

    retry = True


class ConnectionLost(HostUnreachable):
    """The line went away after the host had begun to answer."""


class HostKeyChanged(PanelError):
    """The host shows another key than the pinned one. Nothing is sent to it.

    Args:
        message: The explanation for the user.
        offered: The public key that the host showed, in OpenSSH's one-line form.
    """

    def __init__(self, message: str, offered: str) -> None:
        super().__init__(message)
        self.offered = offered


class AccessRefused(PanelError):
    """The host is there and refuses our key or user."""


class AgentMissing(PanelError):
    """The host lets us in, but jailpanel-agent is not there, or is of another version."""


class RequestRefused(PanelError):
    """The agent refused the request: not on its allow-list, cut short, or a run id already used."""
