"""Commands that delete a jail and keep it, and that destroy what was kept. Pure.

A jail that is a dataset of its own where ezjail makes them is kept as that: quick, and with its snapshots.
Any other is archived first; that takes as long as an archive does.

Source: reference ezjail §1.2, §8.1, §11.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from apps.freebsd.commands import PlanStep, archives, ezjail, zfs_kept
from apps.freebsd.parsers.leftovers import PARTIAL
from apps.freebsd.values import JailName
from apps.jails.archives.moments import archive_name
from apps.jails.archives.plans import around
from apps.jails.models import Jail
from apps.jobs.plan import Plan

DELETE, REMOVE = "jails.delete", "jails.kept_remove"
KEPT = "kept."


@dataclass(frozen=True, slots=True)
class Keeping:
    """How a jail is kept.

    Args:
        place: The full name of its dataset then, or the name of its archive.
        is_dataset: Which of these.
        jailzfs: The dataset above it.
        directory: The directory of archives.
        at: The moment in the name.
        days: For how long.
    """

    place: str
    is_dataset: bool
    jailzfs: str
    directory: str
    at: str
    days: int


def keeping_of(jail: Jail, at: str, days: int, *, dataset: str) -> Keeping:
    """Return how a jail would be kept.

    Args:
        jail: The jail, with its host.
        at: The moment in the name.
        days: For how long.
        dataset: Its own dataset; empty when its root is none.
    """
    settings = jail.host.facts.get("ezjail", {}).get("settings", {})
    jailzfs, directory = str(settings.get("jailzfs") or ""), str(settings.get("archivedir") or "")
    name = JailName.parse(jail.name)
    usual = dataset == f"{jailzfs}/{name}" and jail.root == f"{settings.get('jaildir')}/{name}"
    is_dataset = bool(dataset) and usual and bool(settings.get("use_zfs_for_jails"))
    if is_dataset:
        return Keeping(f"{jailzfs}/{zfs_kept.kept_name(name, at)}", True, jailzfs, directory, at, days)
    return Keeping(KEPT + archive_name(jail.safe_name, at), False, jailzfs, directory, at, days)


def delete_plan(jail: Jail, keeping: Keeping) -> Plan:
    """Return the plan that deletes a jail so that it can be had back for some days.

    Raises:
        InvalidInput: A name is none that we would pass on.
    """
    name = JailName.parse(jail.name)
    stop, _ = around(jail)
    steps = _as_dataset(name, keeping, jail.root) if keeping.is_dataset else _as_archive(name, keeping)
    checks = (
        f"ezjail has no file for {name} any more",
        f"{jail.root} is gone",
        f"{keeping.place} is there, from which it can be had back for {_days(keeping.days)}",
    )
    warning = (
        f"{name} can be brought back for {_days(keeping.days)}; then the panel destroys what is kept of it. "
        "Until then it takes the room that it takes."
    )
    title = f"Delete the jail {name} and keep it for {_days(keeping.days)}"
    return Plan(DELETE, title, (*stop, *steps), checks, (warning,))


def _as_dataset(name: JailName, keeping: Keeping, root: str) -> tuple[PlanStep, ...]:
    return (
        zfs_kept.put_aside(keeping.jailzfs, name, root),
        ezjail.delete(name, wipe=False, force=False),
        zfs_kept.keep(keeping.jailzfs, name, keeping.at),
    )


def _as_archive(name: JailName, keeping: Keeping) -> tuple[PlanStep, ...]:
    return (
        archives.write(name, keeping.place, running=False),
        archives.prove(keeping.directory, PARTIAL + keeping.place),
        *archives.finish(keeping.directory, keeping.place),
        replace(ezjail.delete(name, wipe=True, force=True), undo="bringing it back from the archive"),
    )


def remove_plan(name: JailName, keeping: Keeping) -> Plan:
    """Return the plan that destroys what was kept of a jail.

    Raises:
        InvalidInput: A name is none that we would pass on.
    """
    command = (
        zfs_kept.destroy(keeping.jailzfs, name, keeping.at)
        if keeping.is_dataset
        else archives.remove(keeping.directory, keeping.place)
    )
    warnings = ("Nothing brings the jail back after that.",)
    checks = (f"{keeping.place} is gone",)
    return Plan(REMOVE, f"Destroy what is kept of {name}", (command,), checks, warnings)


def _days(days: int) -> str:
    return "a day" if days == 1 else f"{days} days"
