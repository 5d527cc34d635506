"""Builders: what FreeBSD's tools are told, one module a tool."""

from __future__ import annotations

import shlex
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Command:
    """One program call, exact to the byte, and why it is made.

    The host agent runs it from /var/empty with a clean environment (PATH, HOME=/root, TERM=xterm,
    LC_ALL=C) and standard input closed; nothing parses `argv` but the program itself.

    Args:
        argv: Absolute program and its arguments.
        purpose: One sentence for the person who reads the plan.
        undo: How to take it back, or None when it cannot be.
        timeout_s: Seconds after which the run counts as hanging and is ended.
    """

    argv: tuple[str, ...]
    purpose: str
    undo: str | None = None
    timeout_s: int = 600

    def shell_text(self) -> str:
        """Return the call as one could paste it into a POSIX shell."""
        return shlex.join(self.argv)
