"""A hand-made host for the agent's script: a directory tree with small tools that do as a test says."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

SCRIPT = Path(__file__).parents[3] / "apps/hosts/agent/jailpanel-agent"
EZJAIL = "/usr/local/bin/ezjail-admin"
BOOTED = "{ sec = 1795487192, usec = 55891 } Tue Nov 24 02:26:32 2026"
DEADLINE_S = 20.0

RUN = "run-00000001"
# a play that goes on until a file named `go` lies in the tree
WAIT = 'until [ -e "$JAILPANEL_ROOT/go" ]; do /bin/sleep 0.02; done\n'

# ezjail-admin does what the file `play` in the tree says, a shell script; without one it shows what it got.
_PLAYER = """#!/bin/sh
if [ -f "$JAILPANEL_ROOT/play" ]; then . "$JAILPANEL_ROOT/play"; exit; fi
for word do printf '%s\\n' "$word"; done
"""
_TOOLS = {
    "usr/local/bin/ezjail-admin": _PLAYER,
    "sbin/zfs": "#!/bin/sh\nfor word do printf '%s\\n' \"$word\"; done\n",
    "usr/local/bin/show": "#!/bin/sh\nfor word do printf '%s\\n' \"$word\"; done\n",
    "usr/bin/script": '#!/bin/sh\necho "script $1 $2"\nshift 2\nexec setsid -w "$@"\n',
    "usr/bin/logger": '#!/bin/sh\n{ printf "%s " "$@"; cat; } >>"${0%/usr/bin/logger}/log"\n',
    "sbin/sysctl": '#!/bin/sh\ncat "${0%/sbin/sysctl}/boottime"\n',
}


@dataclass(frozen=True, slots=True)
class Tree:
    """A host below `root`, and the agent's script that serves it."""

    root: Path
    script: Path

    @property
    def runs(self) -> Path:
        return self.root / "var/db/jailpanel/runs"

    @property
    def log(self) -> str:
        file = self.root / "log"
        return file.read_text() if file.exists() else ""

    def env(self, **more: str) -> dict[str, str]:
        return {"PATH": "/usr/bin:/bin", "JAILPANEL_ROOT": str(self.root), **more}

    def ask(
        self, *words: str, stdin: bytes = b"", env: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        """Send one request and wait for its end."""
        return subprocess.run(
            [self.script, *words],
            input=stdin,
            env=env or self.env(),
            capture_output=True,
            timeout=60,
            check=False,
        )

    def begin(self, *words: str) -> subprocess.Popen[bytes]:
        """Send one request and leave it running."""
        pipe = subprocess.PIPE
        return subprocess.Popen(
            [self.script, *words], env=self.env(), stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe
        )

    def start(self, run: str, *argv: str | bytes) -> subprocess.CompletedProcess[bytes]:
        text = lines(*argv)
        return self.ask("start", run, str(len(text)), "alice", "j-7", stdin=text)

    def start_jail(self, run: str, name: str = "test") -> None:
        answer = self.start(run, EZJAIL, "onestart", name)
        assert (answer.returncode, answer.stdout) == (0, f"started {run}\n".encode()), answer.stderr

    def follow(self, run: str, offset: int = 0) -> tuple[bytes, str, int]:
        """Return the output, the last line of standard error and the exit status."""
        answer = self.ask("follow", run, str(offset))
        return answer.stdout, last_line(answer.stderr), answer.returncode

    def play(self, script: str) -> None:
        (self.root / "play").write_text(script)

    def tool(self, path: str, script: str) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(script)
        file.chmod(0o755)

    def file(self, path: str, content: str | bytes) -> Path:
        file = self.root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return file

    def hurry(self) -> None:
        """Let the agent's own waits take a hundredth of a second."""
        self.tool("bin/sleep", '#!/bin/sh\necho "$1" >>"${0%/bin/sleep}/slept"\nexec /bin/sleep 0.01\n')

    def slept_s(self) -> float:
        """Return how long the hurried agent thinks that it has waited, in seconds."""
        file = self.root / "slept"
        return sum(map(float, file.read_text().split())) if file.exists() else 0.0

    def noted(self, name: str) -> int:
        """Wait for a number that a play writes to a file of the tree."""
        file = self.root / name
        await_that(lambda: file.exists() and file.read_text().endswith("\n"), f"{name} is written")
        return int(file.read_text())

    def pgid(self, run: str) -> int:
        return int((self.runs / run / "pgid").read_text())


def make_tree(folder: Path, shell: str | None = None, *changes: tuple[str, str]) -> Tree:
    """Lay out a host.

    Args:
        folder: Where; it is made.
        shell: What runs the script, as it stands behind `#!`; None for the script's own /bin/sh.
        changes: What the copy of the script has in place of what, for what cannot be had otherwise.
    """
    root = folder / "root"
    for name in ("etc", "usr/local/etc/ezjail", "usr/jails", "var/run", "var/empty"):
        (root / name).mkdir(parents=True)
    tree = Tree(root, folder / "jailpanel-agent" if shell or changes else SCRIPT)
    for path, script in _TOOLS.items():
        tree.tool(path, script)
    tree.file("boottime", f"{BOOTED}\n")
    if tree.script != SCRIPT:
        _copy_script(tree.script, ("#!/bin/sh\n", f"#!{shell or '/bin/sh'}\n"), *changes)
    return tree


def _copy_script(target: Path, *changes: tuple[str, str]) -> None:
    text = SCRIPT.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    target.write_text(text)
    target.chmod(0o755)


def end_runs(tree: Tree) -> None:
    """Kill what a test left running, those as well that script(1) gave a session of their own."""
    for file in tree.runs.glob("*/pgid"):
        pgid = int(file.read_text() or 0)
        if pgid > 1 and not (file.parent / "status").exists():
            for group in (pgid, *_groups_of(tree)):
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(group, signal.SIGKILL)


def _groups_of(tree: Tree) -> set[int]:
    """Return the process groups of programs that lie in a host's tree."""
    groups = set()
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if f"{tree.root}/".encode() in file.read_bytes():
                groups.add(os.getpgid(int(file.parent.name)))
    return groups - {os.getpgrp()}


def let_go(tree: Tree) -> None:
    """End what `WAIT` plays."""
    tree.file("go", "")


def output_of(tree: Tree, run: str = RUN) -> bytes:
    return (tree.runs / run / "output").read_bytes()


def lines(*argv: str | bytes) -> bytes:
    return b"".join((word if isinstance(word, bytes) else word.encode()) + b"\n" for word in argv)


def last_line(text: bytes) -> str:
    return text.decode().removesuffix("\n").rpartition("\n")[2]


def await_that(holds: Callable[[], object], what: str) -> None:
    """Poll until `holds` says yes; fail after a deadline."""
    deadline = time.monotonic() + DEADLINE_S
    while not holds():
        assert time.monotonic() < deadline, f"not within {DEADLINE_S} s: {what}"
        time.sleep(0.01)


def await_command(process: subprocess.Popen[bytes]) -> None:
    """Wait until the system shows the command line of a process that was just started."""
    await_that(lambda: Path(f"/proc/{process.pid}/cmdline").read_bytes(), "the process has a command line")


def is_running(pid: int) -> bool:
    """Whether a process is there and has not ended (one that waits for its parent has)."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"
