"""Run the host agent's own script for a simulated host: a real process on the machine below."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apps.simulator.call import Call, Sink
    from apps.simulator.machine import Machine

AGENT = "/usr/local/libexec/jailpanel-agent"
SCRIPT = Path(__file__).parents[1] / "hosts" / "agent" / "jailpanel-agent"
CHUNK = 65536
# A limit on the size of files stands for a full disk, and "File too large" for its message. It is met even by
# runs that have begun before the disk filled up, and they are told of it, not killed.
SPACE = ("/bin/sh", "-c", "trap '' XFSZ; exec \"$@\"", "sh")
NO_SPACE = ("/bin/sh", "-c", "trap '' XFSZ; ulimit -S -f 0; exec \"$@\"", "sh")
# What the smallest files hold may be written over, as on a real file system; nothing grows.
NO_GROWTH_BYTES = 16
_RUNNING: dict[int, Machine] = {}
_REAPERS: set[asyncio.Future[int]] = set()


def install(machine: Machine) -> None:
    """Put the agent where the panel's install command puts it; a newer one replaces an older one."""
    text = SCRIPT.read_text()
    if machine.files.is_file(AGENT) and machine.files.read_text(AGENT) == text:
        return
    machine.files.mkdir(AGENT.rpartition("/")[0], parents=True)
    machine.files.remove(AGENT)
    machine.files.write_text(AGENT, text, 0o555)


def real_root(machine: Machine) -> str:
    """Give the tree's path without links, as processes see it."""
    return str(Path(machine.files.root).resolve())


async def run(call: Call) -> int:
    """Run the script as sshd does: a session of its own, the streams of the call, its exit status.

    The connection's end does not end it. It is the simulated host's only program that really runs
    here; all that it starts besides the machine's POSIX tools are the clients in the host's tree.
    """
    root = real_root(call.machine)
    before = NO_SPACE if call.machine.faults.disk_full else SPACE
    async with contextlib.AsyncExitStack() as pipes:
        out, out_end = await _pipe(pipes)
        err, err_end = await _pipe(pipes)
        process = await asyncio.create_subprocess_exec(
            *before,
            root + AGENT,
            *call.args,
            stdin=asyncio.subprocess.PIPE,
            stdout=out_end,
            stderr=err_end,
            env={**call.env, "JAILPANEL_ROOT": root},
            cwd=root,
            start_new_session=True,
        )
        os.close(out_end)
        os.close(err_end)
        ended = asyncio.ensure_future(_reap(call.machine, process))
        _REAPERS.add(ended)
        ended.add_done_callback(_REAPERS.discard)
        return await _attend(call, process, ended, (out, err))


async def _pipe(pipes: contextlib.AsyncExitStack) -> tuple[asyncio.StreamReader, int]:
    """Make a pipe that a process writes to; our end is closed with the stack, and then it gets SIGPIPE."""
    ours, theirs = os.pipe()
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    protocol = asyncio.StreamReaderProtocol(reader)
    transport, _ = await loop.connect_read_pipe(lambda: protocol, os.fdopen(ours, "rb", 0))
    pipes.callback(transport.close)
    return reader, theirs


async def _reap(machine: Machine, process: asyncio.subprocess.Process) -> int:
    """Wait for a process, also when nobody else does any more."""
    _RUNNING[process.pid] = machine
    try:
        return await process.wait()
    finally:
        _RUNNING.pop(process.pid, None)


async def _attend(
    call: Call,
    process: asyncio.subprocess.Process,
    ended: asyncio.Future[int],
    outputs: tuple[asyncio.StreamReader, asyncio.StreamReader],
) -> int:
    """Pass the streams on until both outputs are closed and the process has ended."""
    assert process.stdin
    feeding = asyncio.ensure_future(_feed(call, process.stdin))
    try:
        await asyncio.gather(_drain(outputs[0], call.sink_out), _drain(outputs[1], call.sink_err))
        status = await asyncio.shield(ended)
    finally:
        feeding.cancel()
        await asyncio.gather(feeding, return_exceptions=True)
        process.stdin.close()
    return status if status >= 0 else 128 - status


async def _feed(call: Call, pipe: asyncio.StreamWriter) -> None:
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        while chunk := await call.read():
            pipe.write(chunk)
            await pipe.drain()
        pipe.close()


async def _drain(pipe: asyncio.StreamReader, sink: Sink) -> None:
    while chunk := await pipe.read(CHUNK):
        await sink(chunk)


def kill_all(machine: Machine) -> None:
    """End at once all that runs for a machine: the scripts, and what they left running detached."""
    for pid, where in tuple(_RUNNING.items()):
        if where is machine:
            _kill_group(pid)
    for group in run_groups(machine):
        _kill_group(group)


def run_groups(machine: Machine) -> list[int]:
    """Find the process groups of the runs that have not ended."""
    runs = Path(machine.files.root) / "var/db/jailpanel/runs"
    found = []
    for note in runs.glob("*/pgid"):
        with contextlib.suppress(OSError, ValueError):
            group = int(note.read_text())
            if group > 1 and not (note.parent / "status").exists() and is_wrapper(group, note.parent.name):
                found.append(group)
    return found


def note_space(machine: Machine) -> None:
    """Let the runs that go on find a full disk, or room again. Only Linux can do that to a process."""
    if not hasattr(resource, "prlimit"):
        return
    soft = NO_GROWTH_BYTES if machine.faults.disk_full else resource.RLIM_INFINITY
    for pid in _members(run_groups(machine)):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (soft, resource.RLIM_INFINITY))


def _members(groups: list[int]) -> list[int]:
    """Find the processes of process groups in /proc."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if int(stat.read_text().rpartition(")")[2].split()[2]) in groups:
                found.append(int(stat.parent.name))
    return found


def is_wrapper(pid: int, run: str) -> bool:
    """Tell whether a process is the wrapper of this run; numbers are used again."""
    return command_of(pid).rstrip().endswith(f" _run {run}")


def command_of(pid: int) -> str:
    """Give a process's command line: from /proc, which Linux has, or from ps, which everyone else has."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except OSError:
        words = ("/bin/ps", "-ww", "-o", "command=", "-p", str(pid))
        return subprocess.run(words, capture_output=True, text=True, check=False).stdout


def _kill_group(group: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)
