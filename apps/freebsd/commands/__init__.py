"""Builders: what FreeBSD's tools are told, one module a tool; and the other steps of a plan."""

from __future__ import annotations

import hashlib
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


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file of the host that is replaced as a whole, if it still is what it was when the plan was made.

    Args:
        path: Which file; the host agent's allow-list knows it.
        before: What it holds now; None when it must not exist.
        after: What it is to hold.
        purpose: One sentence for the person who reads the plan.
        undo: How to take it back, in words.
        timeout_s: Seconds after which it is given up.
    """

    path: str
    before: str | None
    after: str
    purpose: str
    undo: str | None = "writing the old text again"
    timeout_s: int = 60

    @property
    def argv(self) -> tuple[str, ...]:
        """The agent's request, with the checksums of both texts: what is stored and compared."""
        return ("write", self.path, self.old_hash or "-", _sha256(self.after))

    @property
    def old_hash(self) -> str | None:
        """SHA-256 in hex of what the file holds now; None when it must not exist."""
        return None if self.before is None else _sha256(self.before)

    def shell_text(self) -> str:
        """Return what is done, as a comment of a shell: nothing that one could paste does the same."""
        return f"# write {shlex.quote(self.path)}"


PANEL = "panel"  # where a file of the panel's own store comes from


@dataclass(frozen=True, slots=True)
class Transfer:
    """A file that the panel brings to the host, in pieces, from another host or from its own store.

    Args:
        source: The other host's id (a UUID's text), or `PANEL`.
        source_path: Where it is there: a path that the agent may read in pieces, or a name in the store.
        path: Where it goes on this host, below /var/db/jailpanel/files or the directory of archives.
        purpose: One sentence for the person who reads the plan.
        sha256: What it must hold, in hex; empty when only the end of a step before says so.
        undo: How to take it back.
        timeout_s: Seconds after which it is given up.
    """

    source: str
    source_path: str
    path: str
    purpose: str
    sha256: str = ""
    undo: str | None = None
    timeout_s: int = 12 * 3600

    @property
    def argv(self) -> tuple[str, ...]:
        """What is stored and compared."""
        return ("transfer", self.source, self.source_path, self.path, self.sha256 or "-")

    def shell_text(self) -> str:
        """Return what is done, as a comment of a shell."""
        return f"# transfer {shlex.quote(self.source_path)} to {shlex.quote(self.path)}"


PlanStep = Command | FileChange | Transfer


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
