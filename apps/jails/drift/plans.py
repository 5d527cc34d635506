"""From what is wanted of a jail and what was seen to the exact steps that make it so again. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from copy import copy
from dataclasses import replace

from apps.freebsd.commands import FileChange, PlanStep, ezjail
from apps.freebsd.errors import Conflict, PanelError
from apps.freebsd.jail_file import LOST, JailFile, jail_file_path
from apps.freebsd.jail_variables import check_jail_value
from apps.freebsd.shellfile import ShellFile
from apps.freebsd.values import JailName
from apps.jails import plans
from apps.jails.drift.compare import AT_BOOT, FILE, FSTAB, MISSING, ROOT, RUNNING, differences, part_of
from apps.jails.drift.state import State
from apps.jails.models import Jail
from apps.jobs.plan import Plan

APPLY = "jails.apply_wanted"
NO_ROOT = "Its root directory is gone, and no file brings that back: restore the jail, or delete it."
NOT_TEXT = "Its file holds bytes that are no text, so the panel cannot write it: change it by hand."


def apply_plan(jail: Jail, fields: Collection[str]) -> Plan:
    """Return the plan that makes a jail again what is wanted of it.

    Args:
        jail: As it was last seen.
        fields: In what; those in which it does not differ (any more) do not count.

    Raises:
        Conflict: It differs in none of them, or the panel cannot make it as it was.
    """
    found = differences(jail)
    chosen = [field for field in found if field in fields]
    if not chosen:
        raise Conflict("It is as it is wanted, as far as that was asked for: there is nothing to do.")
    if MISSING in chosen:
        return _plan(
            jail, _written_again(jail), (f"ezjail knows {jail.name} again",), _missing_warnings(jail)
        )
    if chosen == [ROOT]:
        raise Conflict(NO_ROOT)
    steps = (*_files(jail, chosen), *_boot_and_run(jail, chosen))
    checks = tuple(f"{label(field)} is as wanted" for field in chosen if field != ROOT)
    return _plan(jail, steps, checks, tuple(_warnings(jail, chosen)))


def label(field: str) -> str:
    """Return what people call a field."""
    return _LABELS.get(field, field)


def heading(field: str) -> str:
    """Return what people call a field, as it begins a line; a variable stays as it is written."""
    found = _LABELS.get(field)
    return f"{found[0].upper()}{found[1:]}" if found else field


_LABELS = {
    FILE: "the text of its file",
    FSTAB: "its fstab",
    AT_BOOT: "started when the host boots",
    RUNNING: "running",
    ROOT: "its root directory",
    MISSING: "its file",
}


def _plan(
    jail: Jail, steps: tuple[PlanStep, ...], checks: tuple[str, ...], warnings: tuple[str, ...]
) -> Plan:
    return Plan(APPLY, f"Make {jail.name} as it is wanted", steps, checks, warnings)


# -- a jail that is there ---------------------------------------------------------------------------------


def _files(jail: Jail, chosen: Collection[str]) -> Iterator[PlanStep]:
    wanted = State.wanted(jail)
    if any(part_of(field) == FILE for field in chosen):
        path = jail_file_path(jail.safe_name, runs_at_boot=jail.runs_at_boot)
        purpose = (
            f"Write ezjail's file of {jail.name} as it is wanted, if it still is what was seen; ezjail-admin "
            "config would drop every variable that ezjail does not know."
        )
        yield FileChange(path, jail.config_text, wanted_file(jail, chosen), purpose)
    if FSTAB in chosen:
        purpose = f"Write what is mounted for {jail.name} as it is wanted."
        yield FileChange(_fstab(jail), jail.fstab_text or None, wanted.fstab, purpose)


def wanted_file(jail: Jail, chosen: Collection[str]) -> str:
    """Return the file as it is to be: all of it as it is wanted, or some variables alone.

    Raises:
        Conflict: The panel cannot write it so.
    """
    wanted = State.wanted(jail).file
    if LOST in wanted or LOST in jail.config_text:
        raise Conflict(NOT_TEXT)
    in_file = {field for field in differences(jail) if part_of(field) == FILE}
    if FILE in chosen or in_file <= set(chosen):
        return wanted
    return carried_over(jail.safe_name, wanted, jail.config_text, in_file & set(chosen))


def carried_over(safe_name: str, source: str, target: str, variables: Collection[str]) -> str:
    """Return the file `target` with some variables as `source` has them.

    Raises:
        Conflict: One of them cannot be changed alone.
    """
    held, file = JailFile(safe_name, source), JailFile(safe_name, target).shell
    there = [name for name in sorted(variables) if name in held.variables]
    if doubts := [
        f"{name} cannot be taken over alone: {doubt}" for name in there if (doubt := held.doubt(name))
    ]:
        raise Conflict(doubts[0])
    try:
        for name in sorted(variables):
            file = _with(file, held, name) if name in there else file.unset(held.prefix + name)
    except PanelError as error:
        raise Conflict(f"It cannot be taken over alone: {error.message}") from error
    return file.data.decode("utf-8", "surrogateescape")


def _with(file: ShellFile, held: JailFile, name: str) -> ShellFile:
    """Return a file with a value that stands in the other one already, whatever it means to ezjail."""
    value = check_jail_value(held.value(name))
    return file.set(held.prefix + name, value, beside=held.prefix, export=True)


def _boot_and_run(jail: Jail, chosen: Collection[str]) -> Iterator[PlanStep]:
    """Start and stop between allowing it to run and taking that back: ezjail skips norun jails silently."""
    wanted = State.wanted(jail)
    boots = wanted.runs_at_boot if AT_BOOT in chosen else jail.runs_at_boot
    if boots and not jail.runs_at_boot:
        yield _config_run(jail, run=True)
    if RUNNING in chosen:
        then = copy(jail)
        then.runs_at_boot = boots or jail.runs_at_boot
        yield from (plans.start_plan(then) if wanted.running else plans.stop_plan(then)).commands
    if jail.runs_at_boot and not boots:
        yield _config_run(jail, run=False)


def _config_run(jail: Jail, *, run: bool) -> PlanStep:
    purpose = f"Have the host start {jail.name} when it boots, as it is wanted."
    if not run:
        purpose = f"Have the host leave {jail.name} alone when it boots, as it is wanted."
    return replace(ezjail.config_run(JailName.parse(jail.name), run=run), purpose=purpose)


def _warnings(jail: Jail, chosen: Collection[str]) -> Iterator[str]:
    restarts = RUNNING in chosen
    if jail.is_running and not restarts and any(part_of(field) in (FILE, FSTAB) for field in chosen):
        yield f"{jail.name} runs: what its files say counts from its next start on. Restart it afterwards."
    if restarts and jail.is_running:
        yield f"{jail.name} is stopped: its services end."
    if ROOT in chosen:
        yield NO_ROOT


# -- a jail whose file is gone ----------------------------------------------------------------------------


def _written_again(jail: Jail) -> tuple[PlanStep, ...]:
    wanted = State.wanted(jail)
    if not jail.root_exists:
        raise Conflict(f"{jail.root} is gone too, so that there is nothing to write a file for. Forget it.")
    if LOST in wanted.file:
        raise Conflict(NOT_TEXT)
    path = jail_file_path(jail.safe_name, runs_at_boot=wanted.runs_at_boot)
    purpose = (
        f"Write ezjail's file of {jail.name} again, so that ezjail knows what runs in the root that is there."
    )
    steps = [FileChange(path, None, wanted.file, purpose, "removing that file")]
    if wanted.fstab and _fstab(jail) not in jail.host.facts.get("leftovers", {}).get("fstabs", ()):
        purpose = f"Write again what is mounted for {jail.name}."
        steps.append(FileChange(_fstab(jail), None, wanted.fstab, purpose, "removing that file"))
    return tuple(steps)


def _missing_warnings(jail: Jail) -> tuple[str, ...]:
    if jail.is_running:
        return (f"{jail.name} still runs as it was started; ezjail then knows it again.",)
    return (f"{jail.name} is not started by this.",)


def _fstab(jail: Jail) -> str:
    return f"/etc/fstab.{jail.safe_name}"
