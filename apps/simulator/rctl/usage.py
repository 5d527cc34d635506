"""What processes, users, login classes and jails use, worked out from the process table.

Source: reference rctl §3, §5, §8; sys/kern/kern_racct.c. That each process has 16 KiB of data:
captures/rctl.json (usage). The rest of a record than what processes hold: inferred.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.simulator.rctl.model import RATES, RESOURCES, SLOPPY

if TYPE_CHECKING:
    from collections.abc import Iterable

    from apps.simulator.machine import Machine
    from apps.simulator.rctl.model import Record
    from apps.simulator.state import Process

HOST = "0"
DATA_BYTES = 16384
LOGIN_CLASS = "daemon"  # as ps shows it of every process here
Usage = dict[str, int]


def uid_of(machine: Machine, user: str) -> int:
    """Give a user's number."""
    return 0 if user == "root" else users(machine).get(user, 1001)


def users(machine: Machine) -> dict[str, int]:
    """Read the users of /etc/passwd, and root."""
    files, found = machine.files, {"root": 0}
    if files.is_file("/etc/passwd"):
        rows = [line.split(":") for line in files.read_text("/etc/passwd").splitlines()]
        found.update({row[0]: int(row[2]) for row in rows if len(row) > 2 and row[2].isdecimal()})
    return found


def jail_name(machine: Machine, process: Process) -> str:
    """Name the jail that a process is in."""
    if not process.jid:
        return HOST
    return next((jail.name for jail in machine.kernel.jails if jail.jid == process.jid), HOST)


def is_in(inner: str, outer: str) -> bool:
    """Tell whether a jail is another one or lies in it; all lie in the host."""
    return outer in {HOST, inner} or inner.startswith(f"{outer}.")


def belongs(machine: Machine, process: Process, subject: str, name: str) -> bool:
    """Tell whether a process counts for a subject."""
    if subject == "process":
        return str(process.pid) == name
    if subject == "user":
        return str(uid_of(machine, process.user)) == name
    if subject == "loginclass":
        return name == LOGIN_CLASS
    return is_in(jail_name(machine, process), name)


def cpu_seconds(machine: Machine, process: Process) -> float:
    """Give the CPU time that a process has used: what it had, and what it takes since it was started."""
    lived = max(0.0, machine.now() - process.started)
    return process.cpu_time + process.cpu_percent / 100 * lived


def of_process(machine: Machine, process: Process) -> dict[str, float]:
    """Give what one process uses."""
    found = dict.fromkeys(RESOURCES, 0.0)
    found |= {
        "cputime": cpu_seconds(machine, process),
        "datasize": DATA_BYTES,
        "memoryuse": process.rss * 1024,
        "maxproc": 1,
        "vmemoryuse": process.vsz * 1024,
        "nthr": 1,
        "wallclock": max(0.0, machine.now() - process.started),
        "pcpu": process.cpu_percent,
    }
    return found | process.uses


def record(machine: Machine, name: str) -> Record | None:
    """Find what the kernel keeps by a jail's name."""
    return next((item for item in machine.kernel.rctl.records if item.name == name), None)


def total(machine: Machine, processes: Iterable[Process], jail: str = "") -> Usage:
    """Add up what processes use, and what those used that a jail's record remembers."""
    whole = dict.fromkeys(RESOURCES, 0.0)
    for process in processes:
        for name, value in of_process(machine, process).items():
            whole[name] += value
    kept = record(machine, jail) if jail else None
    if kept:
        whole["cputime"] += kept.cputime
        whole["wallclock"] += kept.wallclock
    return {name: int(value) for name, value in whole.items()}


def of_subject(machine: Machine, subject: str, name: str) -> Usage:
    """Give what a subject uses: zeros for one that nobody knows.

    Args:
        machine: the host.
        subject: process, user, loginclass or jail.
        name: its number or name.
    """
    rows = machine.kernel.processes
    if subject == "jail":
        jids = {jail.jid for jail in machine.kernel.jails if is_in(jail.name, name)}
        jids |= {0} if name == HOST else set()
        return total(machine, [row for row in rows if row.jid in jids], name)
    return total(machine, [row for row in rows if belongs(machine, row, subject, name)])


def shown(usage: Usage, subject: str, *, has_rates: bool) -> Usage:
    """Leave out what the kernel does not print: of processes the sloppy ones, before 11.0 the rates."""
    hidden = (SLOPPY if subject == "process" else frozenset()) | (frozenset() if has_rates else {*RATES})
    return {name: usage[name] for name in RESOURCES if name not in hidden}
