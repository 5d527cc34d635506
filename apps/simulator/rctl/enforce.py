"""What rules do when a process wants more: refuse, write to the log, tell devd, signal, slow down.

Source: sys/kern/kern_rctl.c (rctl_enforce); reference rctl §4, §8. That the tenth message of a second
is the last one is not played.
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from apps.simulator.rctl import usage
from apps.simulator.rctl.kernel import in_order, leave
from apps.simulator.rctl.model import ON

if TYPE_CHECKING:
    from apps.simulator.machine import Machine
    from apps.simulator.rctl.model import Rule
    from apps.simulator.state import Process

MESSAGES = "/var/log/messages"
LONGEST_RULE_SHOWN = 127  # of a buffer of 128 bytes
EVENTS_KEPT = 100
IGNORED = frozenset({"sigurg", "sigchld", "sigio", "sigwinch", "siginfo", "sigthr"})
STOPPING = frozenset({"sigstop", "sigtstp", "sigttin", "sigttou"})


@dataclass(slots=True)
class Verdict:
    """What came of a wish for more.

    Attributes:
        is_denied: a deny rule would be exceeded.
        room: how much there was below the tightest rule that denies or throttles; None without one.
        signals: what was sent to the process.
    """

    is_denied: bool = False
    room: int | None = None
    signals: list[str] = field(default_factory=list)

    @property
    def is_deadly(self) -> bool:
        """Tell whether a signal ends the process."""
        return any(name not in IGNORED | STOPPING for name in self.signals)


def enforce(machine: Machine, process: Process, resource: str, amount: float) -> Verdict:
    """Let all rules act that count for a process which wants more of a resource.

    Args:
        machine: the host.
        process: who wants it; it need not be in the table yet.
        resource: of what.
        amount: how much more, in the resource's unit.
    """
    verdict, rctl = Verdict(), machine.kernel.rctl
    if rctl.mode != ON or not any(rule.resource == resource for rule in rctl.rules):
        return verdict
    for rule in in_order(machine):
        if rule.resource == resource and usage.belongs(machine, process, rule.subject, rule.id):
            _act(machine, process, rule, amount, verdict)
    return verdict


def _act(machine: Machine, process: Process, rule: Rule, amount: float, verdict: Verdict) -> None:
    """Let one rule act; log, devctl and signals fire once until the use was below the limit again."""
    room = (rule.amount or 0) - _used(machine, process, rule)
    if rule.action in {"deny", "throttle"}:
        verdict.room = room if verdict.room is None else min(room, verdict.room)
        verdict.is_denied |= rule.action == "deny" and room < amount
        return
    if room >= amount:
        rule.exceeded = [pid for pid in rule.exceeded if pid != process.pid]
    elif process.pid not in rule.exceeded:
        rule.exceeded.append(process.pid)
        if rule.action == "log":
            _log(machine, process, rule)
        elif rule.action == "devctl":
            _tell_devd(machine, process, rule)
        else:
            _signal(machine, process, rule.action)
            verdict.signals.append(rule.action)


def _used(machine: Machine, process: Process, rule: Rule) -> int:
    """Give what is used already of what the rule counts."""
    own = {
        "process": str(process.pid),
        "user": str(usage.uid_of(machine, process.user)),
        "loginclass": usage.LOGIN_CLASS,
        "jail": usage.jail_name(machine, process),
    }
    name = rule.id if rule.per == rule.subject else own[rule.per]
    return usage.of_subject(machine, rule.per, name)[rule.resource]


def _log(machine: Machine, process: Process, rule: Rule) -> None:
    """Write what the kernel says of a matched rule, as syslogd files it; a missing file is not made."""
    text = rule.text()[:LONGEST_RULE_SHOWN]
    comm = process.comm or process.command.split()[0].rpartition("/")[2]
    stamp = time.strftime("%b %e %H:%M:%S", time.gmtime(machine.now()))
    line = (
        f'{stamp} {machine.hostname.partition(".")[0]} kernel: rctl: rule "{text}" matched by pid '
        f"{process.pid} ({comm}), uid {usage.uid_of(machine, process.user)}, "
        f"jail {usage.jail_name(machine, process)}\n"
    )
    if machine.files.is_file(MESSAGES):
        with contextlib.suppress(OSError):
            machine.files.append_text(MESSAGES, line)


def _tell_devd(machine: Machine, process: Process, rule: Rule) -> None:
    """Say what devd would hear."""
    rctl = machine.kernel.rctl
    event = (
        f"!system=RCTL subsystem=rule type=matched rule={rule.text()} pid={process.pid} "
        f"ruid={usage.uid_of(machine, process.user)} jail={usage.jail_name(machine, process)}"
    )
    rctl.events = [*rctl.events, event][-EVENTS_KEPT:]
    machine.touch()


def _signal(machine: Machine, process: Process, name: str) -> None:
    """Stop or end the process, and no other of its jail."""
    if name in STOPPING:
        process.state = "T"
        machine.touch()
    elif name not in IGNORED:
        end(machine, process)


def end(machine: Machine, process: Process) -> None:
    """Take a process out of the table; what it used is remembered where a rule holds the record."""
    kernel = machine.kernel
    if any(row is process for row in kernel.processes):
        leave(machine, [process])
        kernel.processes = [row for row in kernel.processes if row is not process]
        machine.touch()


def may_start(machine: Machine, process: Process) -> str:
    """Ask whether a process may start.

    Args:
        machine: the host.
        process: not in the table yet.

    Returns:
        Why not, in the words of the system's error; empty when it may.
    """
    wishes = (("maxproc", 1), ("nthr", 1), ("vmemoryuse", process.vsz * 1024))
    for resource, amount in wishes:
        if enforce(machine, process, resource, amount).is_denied:
            return (
                "Cannot allocate memory" if resource == "vmemoryuse" else "Resource temporarily unavailable"
            )
    return ""
