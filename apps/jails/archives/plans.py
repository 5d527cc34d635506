"""Commands for archives and snapshots. Pure: rows in, plans out.

Source: reference ezjail §1.6, §8, §11; jail-tools §9.1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from apps.freebsd.commands import Command, archives, ezjail, zfs_snapshots
from apps.freebsd.errors import InvalidInput
from apps.freebsd.parsers.leftovers import PARTIAL
from apps.freebsd.values import JailName
from apps.jails.archives.moments import archive_name, snapshot_label
from apps.jails.models import Archive, Jail, Kind
from apps.jobs.plan import Plan

ARCHIVE, REMOVE, RESTORE = "jails.archive", "jails.archive_remove", "jails.restore"
SNAPSHOT, ROLL_BACK, SNAPSHOT_REMOVE = "jails.snapshot", "jails.rollback", "jails.snapshot_remove"
LIVE = (
    "{name} runs: what it writes while it is archived may be in the archive half. Stop it first where that "
    "matters, as for databases."
)
ONE_FILE_SYSTEM = (
    "An archive holds one file system: datasets below that of {dataset} are not in it, and neither is what "
    "else is mounted there."
)
LIVE_SNAPSHOT = (
    "{name} runs: the snapshot is what its disk holds at that moment, as after a power cut. What it has only "
    "in memory is not in it."
)


def archive_plan(jail: Jail, directory: str, at: str, *, below: bool = False) -> Plan:
    """Return the plan that archives a jail, running or not.

    Args:
        jail: The jail.
        directory: Where ezjail keeps archives.
        at: The moment in the archive's name.
        below: Whether there are datasets below the jail's, which no archive holds.

    Raises:
        InvalidInput: Its name or the directory is none that we would pass on.
    """
    file_name = archive_name(jail.safe_name, at)
    commands = (
        archives.write(JailName.parse(jail.name), file_name, running=jail.is_running),
        archives.prove(directory, PARTIAL + file_name),
        *archives.finish(directory, file_name),
    )
    checks = (f"{directory}/{file_name} is there", "nothing unfinished of it is left")
    warnings = [LIVE.format(name=jail.name)] if jail.is_running else []
    warnings += [ONE_FILE_SYSTEM.format(dataset=jail.name)] if below else []
    return Plan(ARCHIVE, f"Archive the jail {jail.name}", commands, checks, tuple(warnings))


def remove_plan(archive: Archive, directory: str) -> Plan:
    """Return the plan that deletes an archive.

    Raises:
        InvalidInput: It has no name that we would pass on.
    """
    command = archives.remove(directory, archive.file_name)
    checks = (f"{archive.file_name} is not there any more",)
    warnings = ("Nothing brings it back.",)
    return Plan(REMOVE, f"Delete the archive {archive.file_name}", (command,), checks, warnings)


def snapshot_plan(jail: Jail, dataset: str, at: str) -> Plan:
    """Return the plan that takes a snapshot of a jail's dataset and those below it.

    Raises:
        InvalidInput: The jail has no dataset, or one that we would not pass on.
    """
    if not dataset:
        raise InvalidInput("Its root is no ZFS dataset of its own. Archive it instead.")
    label = snapshot_label(at)
    checks = (f"{dataset} has the snapshot {label}",)
    warnings = (LIVE_SNAPSHOT.format(name=jail.name),) if jail.is_running else ()
    command = zfs_snapshots.take(dataset, label)
    return Plan(SNAPSHOT, f"Take a snapshot of {jail.name}", (command,), checks, warnings)


def snapshot_remove_plan(jail: Jail, dataset: str, labels: Sequence[str]) -> Plan:
    """Return the plan that destroys snapshots of a jail.

    Raises:
        InvalidInput: A name is none that we would pass on.
    """
    commands = tuple(zfs_snapshots.destroy(dataset, label) for label in labels)
    one = len(labels) == 1
    title = f"Destroy the snapshot {labels[0]}" if one else f"Destroy {len(labels)} snapshots"
    checks = ("it is not there any more" if one else "they are not there any more",)
    return Plan(
        SNAPSHOT_REMOVE,
        f"{title} of {jail.name}",
        commands,
        checks,
        ("Nothing brings back what only it holds.",),
    )


def rollback_plan(jail: Jail, datasets: Sequence[str], label: str, newer: int) -> Plan:
    """Return the plan that makes a jail what it was when a snapshot was taken.

    Args:
        jail: The jail; it is stopped first, and started again where it ran.
        datasets: Its dataset and those below it that have the snapshot.
        label: The snapshot's name.
        newer: How many newer snapshots are destroyed on the way.

    Raises:
        InvalidInput: A name is none that we would pass on.
    """
    before, after = around(jail)
    back = tuple(zfs_snapshots.roll_back(name, label, past_newer=bool(newer)) for name in datasets)
    checks = [f"the snapshot {label} is its newest"]
    checks.append(
        f"jls shows {jail.safe_name} running" if jail.is_running else f"jls shows no {jail.safe_name}"
    )
    warnings = ["Everything that was written in the jail since then is lost. Nothing brings it back."]
    if newer:
        warnings.append(f"{newer} newer snapshot{'s are' if newer > 1 else ' is'} destroyed.")
    title = f"Roll {jail.name} back to {label}"
    return Plan(ROLL_BACK, title, (*before, *back, *after), tuple(checks), tuple(warnings))


def around(jail: Jail) -> tuple[tuple[Command, ...], tuple[Command, ...]]:
    """Return what stops a jail first, and what starts it again afterwards; nothing where it does not run.

    Source: reference ezjail §0.3: stop and start of a norun jail do nothing and exit 0.
    """
    if not jail.is_running:
        return (), ()
    name = JailName.parse(jail.name)
    stop, start = (ezjail.onestop(name),), (ezjail.onestart(name),)
    if jail.runs_at_boot:
        return stop, start
    said = f"Mark {name} as runnable for a moment: ezjail skips a norun jail silently, with status 0."
    put_back = f"Leave {name} as it was: not started when the host boots."
    allow = replace(ezjail.config_run(name, run=True), purpose=said)
    return (allow, *stop), (*start, replace(ezjail.config_run(name, run=False), purpose=put_back))


def why_no_archive(jail: Jail) -> str:
    """Return why ezjail would not archive a jail; empty when it would.

    Source: reference ezjail §8.1 (a stopped encrypted image is skipped, with status 0).
    """
    if jail.kind in (Kind.GBDE, Kind.GELI) and not jail.is_running:
        return "Its image is encrypted, and is only attached while it runs: start it first."
    return "" if jail.root_exists else "Its root directory is not there."
