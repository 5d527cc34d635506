"""Let a jail use more, or less again: a program that takes what it is told to, and meets the rules.

It is a process of the jail, which ps shows, in addition to what runs there. What a program says
when it is refused: inferred from the error that the kernel gives it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.simulator.rctl import enforce, usage
from apps.simulator.rctl.model import RATES, RESOURCES, SLOPPY
from apps.simulator.rctl.parse import Malformed, number
from apps.simulator.state import Process

if TYPE_CHECKING:
    from collections.abc import Iterable

    from apps.simulator.machine import Machine

COMMAND, COMM = "/usr/local/bin/load", "load"
SMALL_KB, SPACE_KB = 2400, 12800
MEMORY, AGAIN = "Cannot allocate memory", "Resource temporarily unavailable"
REFUSED = {
    "vmemoryuse": f"mmap: {MEMORY}",
    "maxproc": f"fork: {AGAIN}",
    "nthr": f"pthread_create: {AGAIN}",
    "swapuse": MEMORY,
    "openfiles": "open: Too many open files",
    "memorylocked": f"mlock: {MEMORY}",
    "pseudoterminals": f"openpty: {AGAIN}",
}
# A load of its own has these from its start; it does not take them.
NOT_TAKEN = frozenset({"cputime", "wallclock"})


def read(words: Iterable[str]) -> dict[str, int]:
    """Read `memoryuse=600M pcpu=150`.

    Raises:
        ValueError: no such resource, or no such amount.
    """
    wanted = {}
    for word in words:
        name, _, amount = word.partition("=")
        if name not in RESOURCES or name in NOT_TAKEN:
            raise ValueError(f"there is no use of {name!r}: {', '.join(RESOURCES)}")
        try:
            wanted[name] = number(amount)
        except Malformed as fault:
            raise ValueError(str(fault)) from None
    return wanted


def use(machine: Machine, jail: str, wanted: dict[str, int]) -> list[str]:
    """Let a jail's load use so much, from now on; nothing wanted ends it.

    Args:
        machine: the host.
        jail: its name, or `0` for the host.
        wanted: amounts by resource, in its unit; others stay as they are.

    Returns:
        What the program said: that it was refused, or how it was ended.

    Raises:
        ValueError: no such jail.
    """
    found = machine.kernel.jail(jail)
    if found is None and jail != usage.HOST:
        raise ValueError(f"there is no jail {jail!r}")
    jid = found.jid if found else 0
    loads = [row for row in machine.kernel.processes if row.jid == jid and row.comm == COMM]
    if not wanted:
        for row in loads:
            enforce.end(machine, row)
        return []
    said = [] if loads else _fork(machine, jid)
    process = next((row for row in machine.kernel.processes if row.jid == jid and row.comm == COMM), None)
    for resource in [name for name in RESOURCES if name in wanted]:
        if process is not None and any(row is process for row in machine.kernel.processes):
            said += _take(machine, process, resource, wanted[resource])
    machine.touch()
    return said


def _fork(machine: Machine, jid: int) -> list[str]:
    """Start one more process of the load."""
    process = Process(0, 1, COMMAND, jid, state="S", rss=SMALL_KB, vsz=SPACE_KB, comm=COMM)
    process.pid = machine.kernel.last_pid + 1
    error = enforce.may_start(machine, process)
    if error:
        return [f"{COMM}: fork: {error}"]
    machine.spawn(process)
    return []


def _take(machine: Machine, process: Process, resource: str, amount: int) -> list[str]:
    """Take so much of a resource, or what the rules leave of it."""
    if resource == "maxproc":
        return _take_processes(machine, process.jid, amount)
    if resource == "memoryuse" and amount > process.vsz * 1024:
        said = _take(machine, process, "vmemoryuse", amount)
        if said:
            return said
    more = amount - usage.of_process(machine, process)[resource]
    verdict = enforce.enforce(machine, process, resource, more)
    if verdict.is_deadly:
        return [f"{COMM}: pid {process.pid} ended by {verdict.signals[-1]}"]
    if verdict.room is not None and verdict.room < more:
        return _limited(machine, process, resource, amount, int(amount - more + max(0, verdict.room)))
    _put(machine, process, resource, amount)
    return []


def _limited(machine: Machine, process: Process, resource: str, amount: int, highest: int) -> list[str]:
    """Do what a limit does: slow down, page out, or refuse."""
    if resource in RATES:
        _put(machine, process, resource, highest)
        return []
    if resource == "pcpu":  # made more aggressive on purpose
        _put(machine, process, resource, highest - 10 if highest > 20 else highest // 2)
        return []
    if resource == "memoryuse":
        _put(machine, process, resource, highest)
        return _take(machine, process, "swapuse", amount - highest)
    text = REFUSED.get(resource, "No space left on device" if resource in SLOPPY else MEMORY)
    return [f"{COMM}: {text}"]


def _take_processes(machine: Machine, jid: int, count: int) -> list[str]:
    """Be so many processes; the last ones go first."""
    rows = [row for row in machine.kernel.processes if row.jid == jid and row.comm == COMM]
    for row in rows[max(1, count) :]:
        enforce.end(machine, row)
    for _more in range(count - len(rows)):
        said = _fork(machine, jid)
        if said:
            return said
    return []


def _put(machine: Machine, process: Process, resource: str, amount: float) -> None:
    """Note what a process uses, where ps looks for it."""
    if resource == "memoryuse":
        process.rss = int(amount) // 1024
    elif resource == "vmemoryuse":
        process.vsz = int(amount) // 1024
    elif resource == "pcpu":
        used = usage.cpu_seconds(machine, process)
        process.cpu_percent = amount
        process.cpu_time += used - usage.cpu_seconds(machine, process)
        process.state = "R" if amount else "S"
    else:
        process.uses[resource] = amount
