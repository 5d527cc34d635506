"""Why the panel does not start, in words for the person at the terminal."""

from __future__ import annotations


class LaunchError(Exception):
    """The panel cannot start; the message says why and what to do."""


class AlreadyRunning(LaunchError):
    """Another launcher holds this state folder; the message says which and where."""


class NoPlace(LaunchError):
    """There is no free port, or not the one that was asked for."""


class StartFailed(LaunchError):
    """A service did not come up; the message ends with what it said last."""
