"""From a changed file to the exact steps. Pure: a jail as it was seen, and two texts.

Order matters. What rc.d/jail does to stop a jail it takes from the file: the addresses that it takes off the
interface, the file systems that it unmounts, the command that it runs. So a jail that is to be restarted is
stopped before its file changes, and what its stop goes by is not changed while it runs.

Source: reference ezjail §0.3, §0.7, §3.4, §3.6.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from apps.freebsd.commands import Command, FileChange, PlanStep, ezjail
from apps.freebsd.errors import InvalidInput
from apps.freebsd.jail_file import jail_file_path
from apps.freebsd.jail_variables import jail_variable
from apps.freebsd.values import JailName
from apps.jails.models import Jail
from apps.jails.plans import at_terminal
from apps.jobs.plan import Plan

STOP_GOES_BY = frozenset({
    "ip", "ip_multi", "interface", "vnet_interface", "rootdir", "image", "imagetype", "hostname",
    "devfs_enable", "procfs_enable", "fdescfs_enable", "attachparams", "fstab",
})  # fmt: skip
NEEDS_RESTART = (
    "While the jail runs, {} can only be changed together with a restart: stopping it goes by its file, so "
    "the old addresses and mounts would stay behind on the host."
)
AT_NEXT_START = "The jail runs: all of this counts from its next start on. It is not restarted."


@dataclass(frozen=True, slots=True)
class Edit:
    """What is to become of a jail's files.

    Args:
        kind: The kind of job.
        title: What it does, in a few words.
        file: ezjail's file as it is to be; None when it stays.
        fstab: The fstab as it is to be; None when it stays.
        runs_at_boot: Whether it is to start at boot; None when that stays.
        restart: Whether it is to be restarted where it runs.
        changed: The variables that change.
    """

    kind: str
    title: str
    file: str | None = None
    fstab: str | None = None
    runs_at_boot: bool | None = None
    restart: bool = False
    changed: tuple[str, ...] = ()


def edit_plan(jail: Jail, edit: Edit) -> Plan:
    """Return the plan that changes a jail's files, and restarts it where that is wanted.

    Raises:
        InvalidInput: It runs, and this cannot be changed while it does; `field` is restart.
    """
    restarts = edit.restart and jail.is_running
    if not restarts:
        _check_while_it_runs(jail, edit)
    during = jail.runs_at_boot or restarts
    steps: list[PlanStep] = []
    if restarts:
        steps += [*_allow_run(jail, edit), ezjail.onestop(_name(jail))]
    steps += _writes(jail, edit, during)
    if restarts:
        steps.append(at_terminal(jail, ezjail.onestart(_name(jail))))
    steps += _boot(jail, edit, during=during)
    return Plan(edit.kind, edit.title, tuple(steps), _checks(jail, edit, restarts), _warnings(jail, edit))


def _check_while_it_runs(jail: Jail, edit: Edit) -> None:
    if not jail.is_running:
        return
    names = [name for name in edit.changed if _stem(name) in STOP_GOES_BY]
    names += ["its fstab"] * (edit.fstab is not None)
    if names:
        raise InvalidInput(NEEDS_RESTART.format(" and ".join(names)), field="restart")


def _stem(variable: str) -> str:
    known = jail_variable(variable)
    return known.name if known else variable


def _allow_run(jail: Jail, edit: Edit) -> tuple[Command, ...]:
    if jail.runs_at_boot:
        return ()
    command = ezjail.config_run(_name(jail), run=True)
    if edit.runs_at_boot:
        return (command,)
    purpose = (
        f"Mark {jail.name} as runnable for a moment: ezjail skips a norun jail silently, with status 0, even "
        "when it is to be stopped."
    )
    return (replace(command, purpose=purpose),)


def _writes(jail: Jail, edit: Edit, during: bool) -> list[PlanStep]:
    writes: list[PlanStep] = []
    if edit.file is not None:
        path = jail_file_path(jail.safe_name, runs_at_boot=during)
        writes.append(FileChange(path, jail.config_text, edit.file, _purpose(jail, edit)))
    if edit.fstab is not None:
        purpose = f"Change what is mounted for {jail.name} when it starts."
        before = jail.fstab_text or None
        writes.append(FileChange(f"/etc/fstab.{jail.safe_name}", before, edit.fstab, purpose))
    return writes


def _purpose(jail: Jail, edit: Edit) -> str:
    what = ", ".join(edit.changed) or "comments"
    return (
        f"Change {what} in ezjail's file of {jail.name}: only these bytes change, and only if the file still "
        "is what it was; ezjail-admin config would write all of it anew and drop every variable that ezjail "
        "does not know."
    )


def _boot(jail: Jail, edit: Edit, *, during: bool) -> list[PlanStep]:
    """Leave the jail marked as it is to be, or as it was."""
    wanted = jail.runs_at_boot if edit.runs_at_boot is None else edit.runs_at_boot
    if wanted == during:
        return []
    command = ezjail.config_run(_name(jail), run=wanted)
    if edit.runs_at_boot is None:
        purpose = f"Leave {jail.name} as it was: not started when the host boots."
        command = replace(command, purpose=purpose)
    return [command]


def _checks(jail: Jail, edit: Edit, restarts: bool) -> tuple[str, ...]:
    checks = [f"ezjail's file of {jail.name} is what is shown here, to the byte"] * (edit.file is not None)
    checks += [f"/etc/fstab.{jail.safe_name} is what is shown here, to the byte"] * (edit.fstab is not None)
    if edit.runs_at_boot is not None:
        checks.append(f"the host {'starts it' if edit.runs_at_boot else 'does not start it'} at boot")
    if restarts:
        checks.append(f"jls shows {jail.safe_name} running, with a new JID")
    return tuple(checks)


def _warnings(jail: Jail, edit: Edit) -> tuple[str, ...]:
    if jail.is_running and not edit.restart and edit.file is not None:
        return (AT_NEXT_START,)
    return ()


def _name(jail: Jail) -> JailName:
    return JailName.parse(jail.name)
