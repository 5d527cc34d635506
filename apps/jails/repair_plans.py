"""The commands that finish or undo what was left half made. Pure: values in, plans out.

Source: reference ezjail §1.2, §7, §11.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from apps.freebsd.commands import Command, archives, ezjail, zfs, zfs_kept
from apps.freebsd.errors import InvalidInput
from apps.freebsd.values import FlavourName, JailName
from apps.jails.services import NewJail
from apps.jobs.plan import Plan

KIND = "jails.repair"
STAND_IN = JailName.parse("jailpanel-leftover")
DEFAULTS = "Its addresses are as before; any other setting that it had becomes ezjail's default."
MAY_LACK = "The deletion had begun to remove its files: some may be gone, and the panel cannot tell which."


def with_flavour(wanted: NewJail, flavour: str) -> NewJail | None:
    """Return the jail with a flavour; None when that has no name that we would pass on."""
    try:
        return replace(wanted, flavour=FlavourName.parse(flavour)) if flavour else wanted
    except InvalidInput:
        return None


def anew_plan(wanted: NewJail, place: str, *, snapshot: str = "") -> Plan:
    """Return the plan that removes what was made of a jail, and makes it from the beginning."""
    name = wanted.name
    commands = (
        *_snapshot(snapshot),
        ezjail.register(name, wanted.addresses),
        ezjail.delete(name, wipe=True, force=True),
        ezjail.create(name, wanted.addresses, flavour=wanted.flavour),
    )
    checks = (
        f"ezjail's file for {name} is whole and holds {wanted.addresses}",
        "its root directory is there",
    )
    return Plan(KIND, f"Make the jail {name} anew", commands, checks, (_destroys(place),))


def wipe_plan(name: JailName, wanted: NewJail | None, place: str, *, snapshot: str = "") -> Plan:
    """Return the plan that removes what is left of a jail."""
    commands = (
        *_snapshot(snapshot),
        ezjail.register(name, wanted.addresses if wanted else None),
        ezjail.delete(name, wipe=True, force=True),
    )
    checks = (f"ezjail has no file for {name}", f"{place} is gone")
    return Plan(KIND, f"Remove what is left of {name}", commands, checks, (_destroys(place),))


def register_plan(wanted: NewJail, place: str, *, may_lack: bool) -> Plan:
    """Return the plan that takes what is left of a deleted jail for the jail again."""
    checks = (f"ezjail's file for {wanted.name} holds {wanted.addresses}", f"{place} is its root")
    warnings = (DEFAULTS, MAY_LACK) if may_lack else (DEFAULTS,)
    command = ezjail.register(wanted.name, wanted.addresses)
    return Plan(KIND, f"Take {wanted.name} back in", (command,), checks, warnings)


def remake_plan(wanted: NewJail) -> Plan:
    """Return the plan that makes a jail anew whose root is gone."""
    name = wanted.name
    commands = (ezjail.delete(name, wipe=False, force=False), ezjail.create(name, wanted.addresses))
    checks = (
        f"ezjail's file for {name} is whole and holds {wanted.addresses}",
        "its root directory is there",
    )
    return Plan(KIND, f"Make the jail {name} anew", commands, checks, (DEFAULTS,))


def over_again_plan(wanted: NewJail, place: str) -> Plan:
    """Return the plan that deletes a jail whose making was cut short late, and makes it anew."""
    name = wanted.name
    commands = (
        ezjail.delete(name, wipe=True, force=True),
        ezjail.create(name, wanted.addresses, flavour=wanted.flavour),
    )
    checks = (
        f"ezjail's file for {name} is whole and holds {wanted.addresses}",
        "its root directory is there",
    )
    return Plan(KIND, f"Make the jail {name} anew", commands, checks, (_destroys(place),))


def forget_plan(name: JailName) -> Plan:
    """Return the plan that has ezjail forget a jail whose root is gone."""
    command = ezjail.delete(name, wipe=False, force=False)
    return Plan(KIND, f"Forget the jail {name}", (command,), (f"ezjail has no file for {name} any more",))


def norun_plan(name: JailName, before: Command | None) -> Plan:
    """Return the plan that takes back what a start, stop or restart of a norun jail set for a moment.

    Args:
        name: The jail.
        before: What is left to do of that, first; None when nothing is.
    """
    purpose = f"Leave {name} as it was: not started when the host boots."
    put_back = replace(ezjail.config_run(name, run=False), purpose=purpose)
    commands = (before, put_back) if before else (put_back,)
    return Plan(KIND, f"Mark {name} norun again", commands, (f"{name} is not started at boot",))


def tidy_plan(half_made: Sequence[str]) -> Plan:
    """Return the plan that removes the directories in which an install unpacks, as ezjail removes a jail."""
    commands = [
        command
        for directory in half_made
        for command in (
            ezjail.register(STAND_IN, None, root=directory),
            ezjail.delete(STAND_IN, wipe=True, force=False),
        )
    ]
    return Plan(KIND, "Remove what the installation unpacked", tuple(commands), _tidy_checks(half_made))


def tidy_dataset_plan(jailzfs: str) -> Plan:
    """Return the plan that destroys the dataset in which an install unpacks."""
    commands = (zfs.destroy_fulljail(jailzfs),)
    return Plan(KIND, "Remove what the installation unpacked", commands, _tidy_checks(["fulljail"]))


def snapshot_plan(jailzfs: str) -> Plan:
    """Return the plan that destroys the template's snapshot that a create left."""
    checks = ("the template has no such snapshot",)
    return Plan(KIND, "Remove the template's stray snapshot", _snapshot(jailzfs), checks)


def unfinished_plan(directory: str, file_name: str) -> Plan:
    """Return the plan that deletes an archive whose writing was cut short."""
    checks = (f"{file_name} is gone",)
    return Plan(KIND, "Delete the unfinished archive", (archives.remove(directory, file_name),), checks)


def keep_plan(name: JailName, jailzfs: str, at: str) -> Plan:
    """Return the plan that gives a deleted jail's dataset the name under which it was to be kept."""
    checks = (f"{jailzfs}/{name} is gone, and among the kept jails",)
    return Plan(KIND, f"Keep what is left of {name}", (zfs_kept.keep(jailzfs, name, at),), checks)


def mount_plan(name: JailName, jailzfs: str, root: str) -> Plan:
    """Return the plan that mounts a jail's dataset where its root belongs."""
    command = zfs_kept.mount(jailzfs, name, root)
    return Plan(KIND, f"Mount the root of {name} again", (command,), (f"{root} is there",))


def _tidy_checks(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"{name} is gone" for name in names)


def _snapshot(jailzfs: str) -> tuple[Command, ...]:
    return (zfs.destroy_template_snapshot(jailzfs),) if jailzfs else ()


def _destroys(place: str) -> str:
    return f"All that is below {place} is destroyed. Nothing brings it back."
