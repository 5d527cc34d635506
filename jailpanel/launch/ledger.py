"""A record on disk of the processes that were started, so that none outlives a launcher that was killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

GRACE_S = 5.0
POLL_S = 0.02
PROC = Path("/proc")  # Linux; elsewhere ps(1) is asked


@dataclass(frozen=True, slots=True)
class Child:
    """One process that leads a process group of its own.

    Args:
        name: What it is for.
        pid: Its process id, which is its group's too.
        mark: A text that its command line holds; a process id alone may have a new owner.
    """

    name: str
    pid: int
    mark: str


class Ledger:
    """The children of this launcher that live now, written to a file at every change.

    Each launcher has a file of its own: the keeper of one that was killed may still be at work
    while the next one starts.

    Args:
        folder: Where the record is kept.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / f"children-{os.getpid()}.json"
        self._children: dict[int, Child] = {}

    def add(self, child: Child) -> None:
        """Record a child that was just started."""
        self._children[child.pid] = child
        self._write()

    def remove(self, pid: int) -> None:
        """Forget a child that has ended."""
        self._children.pop(pid, None)
        self._write()

    def pids(self) -> list[int]:
        """Return the children that live, oldest first."""
        return list(self._children)

    def _write(self) -> None:
        draft = self.path.with_suffix(".new")
        draft.write_text(json.dumps([asdict(child) for child in self._children.values()]))
        draft.replace(self.path)
        if not self._children:
            self.path.unlink()


def end_stale(folder: Path) -> list[str]:
    """End what launchers that are gone left running, and return its names."""
    return [name for path in folder.glob("children-*.json") for name in end_recorded(path)]


def end_recorded(path: Path, grace_s: float = GRACE_S) -> list[str]:
    """End what one launcher left running: TERM, then KILL, to each process group.

    Returns:
        The names of those that were still there.
    """
    left = [child for child in _read(path) if child.mark in command_line(child.pid)]
    for child in left:
        signal_group(child.pid, signal.SIGTERM)
    _await_end(left, grace_s)
    for child in left:
        signal_group(child.pid, signal.SIGKILL)
    path.unlink(missing_ok=True)
    return [child.name for child in left]


def signal_group(pid: int, number: signal.Signals) -> None:
    """Send a signal to a whole process group; nobody there is fine."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def command_line(pid: int) -> str:
    """Return a process's program and arguments, joined by spaces; empty when there is no such process."""
    with suppress(OSError):
        return (PROC / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    command = ["ps", "-ww", "-o", "args=", "-p", str(pid)]
    with suppress(OSError):
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout
    return ""


def _read(path: Path) -> list[Child]:
    try:
        return [Child(**entry) for entry in json.loads(path.read_text())]
    except (FileNotFoundError, ValueError, TypeError):
        return []


def _await_end(children: Iterable[Child], grace_s: float) -> None:
    deadline = time.monotonic() + grace_s
    while any(child.mark in command_line(child.pid) for child in children) and time.monotonic() < deadline:
        time.sleep(POLL_S)
