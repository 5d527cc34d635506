"""Start the programs that a simulated shell is told to run."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from apps.simulator import agent, utilities
from apps.simulator.call import Call, perform
from apps.simulator.tools import registry

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from apps.simulator.machine import Machine
    from apps.simulator.shell.run import Shell
    from apps.simulator.shell.streams import Streams

NOT_FOUND, NOT_RUNNABLE = 127, 126
_LEFT: dict[asyncio.Task[int], tuple[Machine, int]] = {}


def next_pid(call: Call) -> int:
    """Give the next process number of the machine."""
    call.machine.kernel.last_pid += 1
    return call.machine.kernel.last_pid


def leave(machine: Machine, work: Coroutine[None, None, int], pid: int) -> asyncio.Task[int]:
    """Let something run on by itself, under a process number, until it ends or the machine goes down."""
    task = asyncio.ensure_future(work)
    _LEFT[task] = machine, pid
    task.add_done_callback(lambda done: _LEFT.pop(done, None))
    return task


def left(machine: Machine, pid: int) -> asyncio.Task[int] | None:
    """Find what runs by itself on a machine under a process number."""
    return next((task for task, found in _LEFT.items() if found == (machine, pid)), None)


async def kill_left(machine: Machine) -> None:
    """End what was left running on a machine."""
    tasks = [task for task, (where, _pid) in _LEFT.items() if where is machine]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def run(shell: Shell, argv: list[str], own: dict[str, str], io: Streams) -> int:
    """Run a program.

    Args:
        shell: whose environment and folder it gets.
        argv: its name and arguments.
        own: variables for it alone.
        io: its descriptors.

    Returns:
        Its status; 127 when there is none of this name, 126 when it may not be run.
    """
    call = _call(shell, argv, own, io)
    name = argv[0] if "/" not in argv[0] else shell.path(argv[0])
    tool = registry.find(call, name) or utilities.find(name)
    if tool is not None:
        return await perform(tool, call)
    path = _script(shell, argv[0])
    if path is None:
        return await call.fail(f"{shell.name}: {argv[0]}: not found", NOT_FOUND)
    if not shell.files.lstat(path).st_mode & 0o111:
        return await call.fail(f"{shell.name}: {argv[0]}: Permission denied", NOT_RUNNABLE)
    return await _run_script(call, path)


def _call(shell: Shell, argv: list[str], own: dict[str, str], io: Streams) -> Call:
    env = {name: value for name, value in shell.variables.items() if name in shell.exported}
    return shell.call.child(
        tuple(argv),
        env={**env, **own},
        cwd=shell.cwd,
        sink_out=io.out,
        sink_err=io.err,
        read=io.read,
    )


def _script(shell: Shell, name: str) -> str | None:
    """Find a script in the host's tree, as PATH does."""
    if "/" in name:
        places = [shell.path(name)]
    else:
        places = [f"{folder}/{name}" for folder in (shell.get("PATH") or "").split(":") if folder]
    return next((place for place in places if shell.files.is_file(place)), None)


async def _run_script(call: Call, path: str) -> int:
    """Run a script: the agent by the real sh, everything else by the simulated one."""
    if path == agent.AGENT and not call.jid:
        return await agent.run(call)
    from apps.simulator.shell.run import Shell  # noqa: PLC0415 - each needs the other
    from apps.simulator.shell.streams import Input, Streams  # noqa: PLC0415

    text = call.files.read_text(path)
    shell = Shell(call, path, call.args)
    return await shell.run(text, Streams(Input(call.read), call.sink_out, call.sink_err))
