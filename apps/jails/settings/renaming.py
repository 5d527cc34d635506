"""Another name for a jail: what has to be free first, and what ezjail's rename loses put back."""

from __future__ import annotations

from typing import Any

from apps.freebsd.commands import FileChange, PlanStep
from apps.freebsd.commands.ezjail_config import config_rename
from apps.freebsd.errors import Conflict, InvalidInput
from apps.freebsd.jail_file import jail_file_path
from apps.freebsd.jail_rename import Renamed
from apps.freebsd.values import JailName
from apps.hosts.models import Host
from apps.jails import rules
from apps.jails.models import Jail
from apps.jails.queries import host_network
from apps.jails.settings.wishes import file_of
from apps.jobs.plan import Plan

RENAME = "jails.rename"
KEPT = (
    "Settings inside the jail that hold its old name stay as they are, above all in its /etc/rc.conf; "
    "archives and schedules of it keep the old name too."
)


def prepare_rename(jail: Jail, new: JailName) -> tuple[Plan, dict[str, Any]]:
    """Plan a rename.

    Returns:
        The plan, and what was asked for.

    Raises:
        InvalidInput: The name is taken, or the jail's own; `field` is name.
        Conflict: It runs, it cannot be renamed with certainty, or its new place is taken.
    """
    check_stopped(jail)
    _check_name(jail, new)
    renamed = renamed_jail(jail, new)
    _check_place(jail, renamed)
    plan = rename_plan(jail, renamed)
    intent = {
        "name": jail.name,
        "new_name": new.hostname,
        "new_safe_name": new.safe_name,
        "root": jail.root,
        "new_root": renamed.new_root,
        "jid": jail.jid,
    }
    return plan, intent


def check_stopped(jail: Jail) -> None:
    """Refuse to rename what ezjail would refuse to, or what would break.

    Raises:
        Conflict: It runs, or its image is attached.
    """
    if jail.jid is not None:
        raise Conflict(f"{jail.name} runs: stop it first. ezjail renames stopped jails only.")
    if not jail.root_exists:
        raise Conflict(f"Its root directory {jail.root} is not there: ezjail would rename half of it.")
    mounts = jail.host.facts.get("leftovers", {}).get("mounts", [])
    if any(f"{mount}/".startswith(f"{jail.root}/") for mount in mounts):
        raise Conflict(f"Something is still mounted below {jail.root}, its image perhaps: unmount it first.")


def _check_name(jail: Jail, new: JailName) -> None:
    if new.hostname == jail.name:
        raise InvalidInput(f"It is called {jail.name} already.", field="name")
    if new.safe_name == jail.safe_name:
        raise InvalidInput(
            f"ezjail cannot rename {jail.name} to {new}: both are {jail.safe_name} to it, and it would move "
            "the root directory and then stop.",
            field="name",
        )
    for _field, message in rules.check_name(new, host_network(jail.host)):
        raise InvalidInput(message, field="name")
    left = jail.host.facts.get("leftovers", {})
    strays = [name.removesuffix(".norun") for name in left.get("files", [])]
    fstabs = [path.removeprefix("/etc/fstab.") for path in left.get("fstabs", [])]
    if new.safe_name in (*strays, *fstabs, *left.get("jails", [])):
        raise InvalidInput(
            f"Something called {new.safe_name} is left over on {jail.host.name}: mend that first.",
            field="name",
        )


def _check_place(jail: Jail, renamed: Renamed) -> None:
    if not renamed.moves:
        return
    left = jail.host.facts.get("leftovers", {})
    others = Jail.objects.filter(host=jail.host).exclude(pk=jail.pk).values_list("root", flat=True)
    taken = {*others, *left.get("roots", []), *left.get("images", [])}
    if taken & {renamed.new_root, f"{renamed.new_root}.img"}:
        raise InvalidInput(f"{renamed.new_root} is there already: its place is taken.", field="name")
    ends = f"/{renamed.new.hostname}"
    if found := [name for name in left.get("datasets", []) if name.endswith(ends)]:
        raise InvalidInput(f"The dataset {found[0]} is there already: its place is taken.", field="name")


def renamed_jail(jail: Jail, new: JailName, *, moved_to: str = "") -> Renamed:
    """Return what a jail's files will be under another name.

    Args:
        jail: The jail.
        new: The name.
        moved_to: Where its root is by now, when its file does not know that yet.

    Raises:
        Conflict: Nobody can say for certain.
    """
    settings = ezjail_settings(jail.host)
    jaildir = settings.get("jaildir") or "/usr/jails"
    base = settings.get("jailbase") or f"{jaildir}/basejail"
    file, jailzfs = file_of(jail), settings.get("jailzfs") or ""
    if not moved_to:
        return Renamed(file, jail.fstab_text, new, jaildir, base, jailzfs)
    moved = file.changed({"rootdir": moved_to})
    return Renamed(moved, jail.fstab_text, new, jaildir, base, jailzfs, fstab_root=jail.root)


def ezjail_settings(host: Host) -> dict[str, Any]:
    """Return ezjail's settings as they were last seen in effect on a host."""
    found: dict[str, Any] = (host.facts.get("ezjail") or {}).get("settings") or {}
    return found


def rename_plan(jail: Jail, renamed: Renamed) -> Plan:
    """Return the plan that renames a jail and puts back what ezjail drops."""
    new = renamed.new
    steps: list[PlanStep] = [config_rename(JailName.parse(jail.name), new)]
    steps += rest_of(jail, renamed)
    checks = [
        f"ezjail has a file {new.safe_name} that says {new}, and none {jail.safe_name} any more",
        f"its root is {renamed.new_root}",
    ]
    if len(steps) > 1:
        checks.append("what ezjail dropped is in its files again, to the byte")
    return Plan(RENAME, f"Rename the jail {jail.name} to {new}", tuple(steps), tuple(checks), (KEPT,))


def rest_of(jail: Jail, renamed: Renamed) -> list[PlanStep]:
    """Return the steps that put back what ezjail's rename drops; none where it drops nothing."""
    new, steps = renamed.new, list[PlanStep]()
    plain, whole = renamed.file_as_ezjail_writes_it(), renamed.file_with_the_rest()
    if whole != plain:
        path = jail_file_path(new.safe_name, runs_at_boot=jail.runs_at_boot)
        why = (
            "Put back what ezjail dropped from the file: variables that it does not know, and what else "
            "stood there; written only if the file is what ezjail makes of it."
        )
        steps.append(FileChange(path, plain, whole, why, undo=None))
    plain, whole = renamed.fstab_as_ezjail_writes_it(), renamed.fstab_with_the_rest()
    if whole != plain:
        why = "Put back the lines of the fstab that ezjail dropped, with the root where it is now."
        steps.append(FileChange(f"/etc/fstab.{new.safe_name}", plain, whole, why, undo=None))
    return steps
