"""What the kernel does when rctl asks: rules are added, removed, listed; it says what is used.

Source: sys/kern/kern_rctl.c; reference rctl §1, §3, §4, §5, §8; captures/rctl.json.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from apps.simulator import kld
from apps.simulator.rctl import usage
from apps.simulator.rctl.model import ABSENT, NOT_DENIED, OFF, ON, RATES, SLOPPY, SUBJECTS, Rctl, Record, Rule
from apps.simulator.rctl.parse import (
    FIRST_WITH_RATES,
    INVALID,
    NO_PROCESS,
    NOT_PERMITTED,
    NOT_SUPPORTED,
    Refused,
    read,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from apps.simulator.machine import Machine
    from apps.simulator.state import Process

TUNABLE = "kern.racct.enable"


class NoSystemCall(Exception):
    """RACCT is off or not in the kernel (ENOSYS)."""


def boot(machine: Machine) -> None:
    """Begin without rules, switched on or off as the kernel was made or loader.conf says."""
    mode = machine.spec.racct
    said = kld.loader(machine).get(TUNABLE)
    if mode != ABSENT and said is not None:
        mode = ON if said == "1" else OFF
    machine.kernel.rctl = Rctl(mode)


def major(machine: Machine) -> int:
    """Give the first number of the kernel's release."""
    return int(machine.spec.release.partition(".")[0])


def _ask(machine: Machine, text: str, jid: int) -> Rule:
    """Check what every system call checks, in its order, and read what it was given."""
    if machine.kernel.rctl.mode != ON:
        raise NoSystemCall
    if jid:
        raise Refused(NOT_PERMITTED)
    return read(text, machine.kernel, major(machine))


def add(machine: Machine, text: str, jid: int = 0) -> None:
    """Add a rule; a deny of another amount is replaced, of the others only an equal one.

    Raises:
        Refused: with the error's text.
        NoSystemCall: as named there.
    """
    rule = _ask(machine, text, jid)
    if not rule.is_whole:
        raise Refused(INVALID)
    rule.per = rule.per or rule.subject
    _check_pair(rule)
    sync(machine)
    before = dataclasses.replace(rule, amount=None) if rule.action == "deny" else rule
    rctl = machine.kernel.rctl
    rctl.rules = [rule, *(item for item in rctl.rules if not before.holds(item))]
    sync(machine)
    machine.touch()


def _check_pair(rule: Rule) -> None:
    is_denied_wrongly = rule.action == "deny" and rule.resource in NOT_DENIED
    is_throttled_wrongly = rule.action == "throttle" and rule.resource not in RATES
    if is_denied_wrongly or is_throttled_wrongly or (rule.per == "process" and rule.resource in SLOPPY):
        raise Refused(NOT_SUPPORTED)


def remove(machine: Machine, text: str, jid: int = 0) -> None:
    """Remove all rules that a filter holds; raises as `add`, and where there is none."""
    asked, rctl = _ask(machine, text, jid), machine.kernel.rctl
    kept = [rule for rule in rctl.rules if not asked.holds(rule)]
    if len(kept) == len(rctl.rules):
        raise Refused(NO_PROCESS)
    rctl.rules = kept
    sync(machine)
    machine.touch()


def rules(machine: Machine, text: str, jid: int = 0) -> list[Rule]:
    """List the rules that a filter holds; raises as `add`."""
    asked = _ask(machine, text, jid)
    return [rule for rule in in_order(machine) if asked.holds(rule)]


def in_order(machine: Machine) -> list[Rule]:
    """Give all rules as the kernel walks them: by subject, the newest record first, then the newest rule."""
    sync(machine)
    rctl = machine.kernel.rctl
    known = [item.name for item in rctl.records]
    first: dict[tuple[str, str], int] = {}
    for at, rule in enumerate(reversed(rctl.rules)):
        first.setdefault((rule.subject, rule.id), at)

    def place(rule: Rule) -> tuple[int, int]:
        age = known.index(rule.id) if rule.subject == "jail" else first[rule.subject, rule.id]
        return SUBJECTS.index(rule.subject), -age

    return sorted(rctl.rules, key=place)


def limits(machine: Machine, text: str, jid: int = 0) -> list[Rule]:
    """List the rules that count for a process; raises as `add`, and for other subjects."""
    asked = _ask(machine, text, jid)
    if not asked.subject or (asked.subject == "process" and not asked.id):
        raise Refused(INVALID)
    if asked.subject != "process":
        raise Refused(NOT_SUPPORTED)
    process = next(row for row in machine.kernel.processes if str(row.pid) == asked.id)
    return [rule for rule in in_order(machine) if usage.belongs(machine, process, rule.subject, rule.id)]


def used(machine: Machine, text: str, jid: int = 0) -> usage.Usage:
    """Say what a subject uses; raises as `add`."""
    asked = _ask(machine, text, jid)
    if not asked.subject or not asked.id:
        raise Refused(INVALID)
    found = usage.of_subject(machine, asked.subject, asked.id)
    return usage.shown(found, asked.subject, has_rates=major(machine) >= FIRST_WITH_RATES)


def sync(machine: Machine) -> None:
    """Keep records of the jails that live or that rules are for, and rules of processes that live."""
    rctl, kernel = machine.kernel.rctl, machine.kernel
    if any(rule.subject == "process" for rule in rctl.rules):
        pids = {str(row.pid) for row in kernel.processes}
        rctl.rules = [rule for rule in rctl.rules if rule.subject != "process" or rule.id in pids]
    held = [rule.id for rule in reversed(rctl.rules) if rule.subject == "jail"]
    names = dict.fromkeys([*(jail.name for jail in kernel.jails), *held])
    rctl.records = [item for item in rctl.records if item.name in names]
    known = {item.name for item in rctl.records}
    rctl.records += [Record(name) for name in names if name not in known]


def leave(machine: Machine, processes: Iterable[Process]) -> None:
    """Remember what processes used that end now, where a rule holds the record of their jail."""
    held = {rule.id for rule in machine.kernel.rctl.rules if rule.subject == "jail"}
    if not held:
        return
    sync(machine)
    for process in processes:
        name = usage.jail_name(machine, process)
        kept = usage.record(machine, name) if name in held else None
        if kept:
            kept.cputime += usage.cpu_seconds(machine, process)
            kept.wallclock += max(0.0, machine.now() - process.started)
