"""Ask about the machine and run other programs: the rest of what someone types at a prompt."""

from __future__ import annotations

import asyncio
import re
import time
from typing import TYPE_CHECKING

from apps.simulator import utilities
from apps.simulator.call import nothing_to_read
from apps.simulator.shell.streams import discard
from apps.simulator.state import Process
from apps.simulator.tools import registry
from apps.simulator.utilities import options, utility, where

if TYPE_CHECKING:
    from apps.simulator.call import Call, Tool

TIMED_OUT, BUSY, NOT_FOUND = 124, 75, 127
_LOCKS: dict[tuple[str, str], asyncio.Lock] = {}
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


def lookup(call: Call, name: str) -> Tool | None:
    """Find a program as the shell does: what the host has, then what every host has."""
    return registry.find(call, name) or utilities.find(name)


async def run(call: Call, argv: tuple[str, ...], **changes: object) -> int:
    """Run a program as a child, for env, timeout and the like; 127 without one."""
    child = call.child(argv, **changes)
    found = lookup(child, argv[0])
    if found is None:
        name = call.argv[0].rpartition("/")[2]
        return await call.fail(f"{name}: {argv[0]}: No such file or directory", NOT_FOUND)
    return await found(child)


@utility("sh")
async def sh(call: Call) -> int:
    """Play sh -c TEXT, sh FILE and sh reading from standard input."""
    from apps.simulator.shell.run import Shell  # noqa: PLC0415 - it runs us, and we it
    from apps.simulator.shell.streams import Input, Streams, given  # noqa: PLC0415

    words = [word for word in call.args if word not in {"-e", "-u", "-s", "--"}]
    source = Input(call.read)
    if words[:1] == ["-c"]:
        text, name, rest = words[1], (words[2:3] or ["sh"])[0], words[3:]
    elif words:
        path = where(call, words[0])
        if not call.files.is_file(path):
            return await call.fail(f"sh: cannot open {words[0]}: No such file or directory", 2)
        text, name, rest = call.files.read_text(path), words[0], words[1:]
    else:
        text, name, rest, source = (
            (await call.stdin()).decode("utf-8", "surrogateescape"),
            "sh",
            [],
            given(b""),
        )
    shell = Shell(call, name, rest)
    return await shell.run(text, Streams(source, call.sink_out, call.sink_err))


@utility("true")
async def true(_call: Call) -> int:
    """Succeed."""
    return 0


@utility("false")
async def false(_call: Call) -> int:
    """Fail."""
    return 1


@utility("sleep")
async def sleep(call: Call) -> int:
    """Sleep, at the machine's pace."""
    await call.pause(seconds(call.args[0]))
    return 0


def seconds(text: str) -> float:
    """Read a time such as `0.5`, `5s` or `2m`."""
    match = re.fullmatch(r"([0-9.]+)([smhd]?)", text)
    return float(match[1]) * _UNITS[match[2]] if match else 0.0


@utility("date")
async def date(call: Call) -> int:
    """Play date [-u] [-r SECONDS] [+FORMAT]; the simulated hosts live in UTC."""
    found, operands = options(call, valued="r")
    when = time.gmtime(float(found["r"]) if "r" in found else call.machine.now())
    form = next((word[1:] for word in operands if word.startswith("+")), "%a %b %e %H:%M:%S UTC %Y")
    await call.out(time.strftime(form.replace("%s", str(int(call.machine.now()))), when) + "\n")
    return 0


@utility("which")
async def which(call: Call) -> int:
    """Play which: where programs are that this host has."""
    status = 0
    for name in options(call)[1]:
        path = _place(call, name)
        if path is None:
            status = 1
        else:
            await call.out(path + "\n")
    return status


def _place(call: Call, name: str) -> str | None:
    for folder in registry.SEARCH:
        if call.files.is_file(f"{folder}/{name}"):
            return f"{folder}/{name}"
    return f"/bin/{name}" if utilities.find(name) else None


@utility("getent")
async def getent(call: Call) -> int:
    """Play getent passwd NAME from the host's own file."""
    operands = options(call)[1]
    path = f"/etc/{operands[0]}" if operands else "/etc/passwd"
    if not call.files.is_file(path):
        return 1
    lines = call.files.read_text(path).splitlines()
    chosen = [line for line in lines if not operands[1:] or line.split(":")[0] in operands[1:]]
    await call.out("".join(line + "\n" for line in chosen))
    return 0 if chosen else 2


@utility("env")
async def env(call: Call) -> int:
    """Play env [-i] [NAME=VALUE…] [PROGRAM…]."""
    words = list(call.args)
    values = {} if words[:1] == ["-i"] else dict(call.env)
    del words[: int(words[:1] == ["-i"])]
    while words and "=" in words[0]:
        name, _, value = words.pop(0).partition("=")
        values[name] = value
    if words:
        return await run(call, tuple(words), env=values)
    await call.out("".join(f"{name}={value}\n" for name, value in values.items()))
    return 0


@utility("nohup", "nice")
async def nohup(call: Call) -> int:
    """Run a program; here nothing hangs up."""
    return await run(call, call.args)


@utility("daemon")
async def daemon(call: Call) -> int:
    """Play daemon [-cf] [-p FILE] PROGRAM…: the program runs on by itself, and ps sees it."""
    from apps.simulator.shell import external  # noqa: PLC0415 - it runs us

    at = _operand(call, "pPuoltT")
    found, _operands = options(call.child(call.argv[: at + 1]), valued="pPuoltT")
    argv = call.args[at:]
    process = call.machine.spawn(Process(0, 1, " ".join(argv), call.jid, state="S"))
    if "p" in found:
        call.files.write_text(where(call, found["p"]), str(process.pid), 0o600)
    quiet = call.child(call.argv, sink_out=discard, sink_err=discard, read=nothing_to_read)
    external.leave(call.machine, _daemonized(quiet, process, argv), process.pid)
    return 0


async def _daemonized(call: Call, process: Process, argv: tuple[str, ...]) -> int:
    try:
        return await run(call, argv)
    finally:
        processes = call.machine.kernel.processes
        call.machine.kernel.processes = [row for row in processes if row is not process]
        call.machine.touch()


@utility("timeout")
async def timeout(call: Call) -> int:
    """Play timeout [-s SIGNAL] SECONDS PROGRAM…."""
    words = list(call.args)
    while words and words[0].startswith("-"):
        del words[: 2 if words[0] in {"-s", "-k"} else 1]
    work = asyncio.ensure_future(run(call, tuple(words[1:])))
    clock = asyncio.ensure_future(call.pause(seconds(words[0])))
    try:
        await asyncio.wait((work, clock), return_when=asyncio.FIRST_COMPLETED)
        return work.result() if work.done() else TIMED_OUT
    finally:
        work.cancel()
        clock.cancel()
        await asyncio.gather(work, clock, return_exceptions=True)


@utility("lockf")
async def lockf(call: Call) -> int:
    """Play lockf [-k] [-s] [-t SECONDS] FILE PROGRAM…; the lock is this process's own."""
    at = _operand(call, "t")
    found, operands = options(call.child(call.argv[: at + 2]), valued="t")
    path, rest = operands[0], call.argv[at + 2 :]
    held = _LOCKS.setdefault((str(call.machine.folder), where(call, path)), asyncio.Lock())
    if held.locked() and found.get("t") == "0":
        return BUSY if "s" in found else await call.fail(f"lockf: {path}: already locked", BUSY)
    async with held:
        return await run(call, tuple(rest))


def _operand(call: Call, valued: str) -> int:
    """Find the first operand behind options; letters of `valued` have a value behind them."""
    at = 0
    while at < len(call.args) and call.args[at].startswith("-"):
        at += 2 if call.args[at][1:] in [*valued] else 1
    return at


@utility("basename", "dirname")
async def basename(call: Call) -> int:
    """Play basename and dirname."""
    folder, _, name = call.args[0].rstrip("/").rpartition("/")
    base = call.argv[0].endswith("basename")
    suffix = call.args[1] if base and len(call.args) > 1 else ""
    await call.out((name.removesuffix(suffix) if base else folder or ".") + "\n")
    return 0


@utility("seq")
async def seq(call: Call) -> int:
    """Play seq."""
    numbers = [int(word) for word in call.args]
    first, last = (1, numbers[0]) if len(numbers) == 1 else (numbers[0], numbers[-1])
    await call.out("".join(f"{number}\n" for number in range(first, last + 1)))
    return 0
