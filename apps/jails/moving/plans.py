"""The commands of a move, on both hosts; and those that take it back. Pure: rows in, plans out.

Source: reference ezjail §0.3, §7, §8, §11.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from apps.freebsd.commands import Command, FileChange, PlanStep, Transfer, archives, ezjail
from apps.freebsd.commands.new_jail import CreateOptions
from apps.freebsd.errors import InvalidInput
from apps.freebsd.jail_file import CONTROL, JailFile
from apps.freebsd.new_jail_file import Defaults, file_text, foretell
from apps.freebsd.parsers.leftovers import PARTIAL
from apps.freebsd.values import JailAddresses, JailName
from apps.hosts.models import Host
from apps.jails.models import Jail
from apps.jails.moving.carrying import Carried, carried, other_mounts
from apps.jobs.plan import Plan

MOVE, BACK, COPY, FLAVOUR = "jails.move", "jails.move_back", "jails.archive_copy", "jails.flavour_copy"


@dataclass(frozen=True, slots=True)
class Place:
    """A host, and where its ezjail keeps archives."""

    host: Host
    archives: str


@dataclass(frozen=True, slots=True)
class Moving:
    """What goes where.

    Args:
        jail: The jail, on the host that it leaves.
        source: That host.
        target: The host that gets it.
        addresses: The jail's addresses there.
        file_name: The archive that it travels in.
        starts: Whether it is started there.
        defaults: What the new host's ezjail.conf gives to a jail.
        below: Whether there are datasets below the jail's, which no archive holds.
    """

    jail: Jail
    source: Place
    target: Place
    addresses: JailAddresses
    file_name: str
    starts: bool
    defaults: Defaults
    below: bool = False

    @property
    def name(self) -> JailName:
        """The jail's name, on both hosts."""
        return JailName.parse(self.jail.name)


def move_plans(moving: Moving) -> tuple[Plan, Plan]:
    """Return the plan of the host that a jail leaves, and that of the host that gets it.

    Raises:
        InvalidInput: A name or a directory is none that we would pass on.
    """
    return out_plan(moving), in_plan(moving)


def hash_of(hosts: Sequence[Host], plans: Sequence[Plan]) -> str:
    """Return the SHA-256 (hex) over plans in their order, each with its host."""
    lines = (f"{host.pk} {plan.hash}" for host, plan in zip(hosts, plans, strict=True))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def out_plan(moving: Moving) -> Plan:
    """Return the plan that stops and archives a jail, and leaves it stopped and whole."""
    jail, name, directory = moving.jail, moving.name, moving.source.archives
    stopping: tuple[Command, ...] = ()
    if jail.is_running:
        stopping = (*(() if jail.runs_at_boot else (_allow_run(name),)), ezjail.onestop(name))
    commands: tuple[PlanStep, ...] = (
        *stopping,
        archives.write(name, moving.file_name, running=False),
        archives.prove(directory, PARTIAL + moving.file_name),
        *archives.finish(directory, moving.file_name),
        *((_leave_off(name),) if jail.runs_at_boot or stopping else ()),
    )
    checks = (
        f"jls shows no {jail.safe_name}",
        f"{directory}/{moving.file_name} is there",
        "the host does not start it when it boots",
    )
    title = f"Pack the jail {jail.name} for {moving.target.host.name}"
    return Plan(MOVE, title, commands, checks, tuple(_out_warnings(jail, below=moving.below)))


def _out_warnings(jail: Jail, *, below: bool) -> list[str]:
    down = f"{jail.name} is down from now on until it runs on the other host."
    stay = "Datasets below its own do not go along: an archive holds one file system."
    return [*((down,) if jail.is_running else ()), *((stay,) if below else ())]


def in_plan(moving: Moving) -> Plan:
    """Return the plan that fetches the archive and makes the jail from it."""
    jail, name, target = moving.jail, moving.name, moving.target
    change, taken = settings_change(moving)
    commands: list[PlanStep] = [
        bring_archive(moving.source, target, moving.file_name, sha256=""),
        archives.restore(name, moving.addresses, target.archives, moving.file_name),
        *((change,) if change else ()),
        *((ezjail.onestart(name),) if moving.starts else ()),
        *(() if jail.runs_at_boot else (_norun_there(name),)),
    ]
    checks = [
        f"ezjail's file for {name} is whole and holds {moving.addresses}",
        "its root directory is there",
    ]
    checks += [f"its file says {key}={value}" for key, value in taken.values.items()]
    if moving.starts:
        checks.append(f"jls shows {name.safe_name} running")
    title = f"Bring the jail {jail.name} from {moving.source.host.name}"
    return Plan(MOVE, title, tuple(commands), tuple(checks), tuple(_in_warnings(jail, taken)))


def settings_change(moving: Moving) -> tuple[FileChange | None, Carried]:
    """Return the change that gives the jail its settings back, and which these are."""
    name = moving.name
    try:
        foretold = foretell(name, moving.addresses, CreateOptions(), moving.defaults)
    except InvalidInput as error:
        return None, Carried({}, (f"None of its settings goes along. {error.message}",))
    taken = carried(JailFile(moving.jail.safe_name, moving.jail.config_text), foretold)
    if not taken.values:
        return None, taken
    before = file_text(name, foretold)
    after = JailFile(name.safe_name, before).changed(taken.values).text
    what = ", ".join(taken.values)
    purpose = f"Give it back what create -a drops of its settings: {what}."
    return FileChange(f"{CONTROL}/{name.safe_name}", before, after, purpose), taken


def _in_warnings(jail: Jail, taken: Carried) -> list[str]:
    mounts = other_mounts(jail.fstab_text)
    lines = (
        [f"What its fstab mounts besides the basejail does not go along: {'; '.join(mounts)}."]
        if mounts
        else []
    )
    return [*taken.notes, *lines]


def bring_archive(source: Place, target: Place, file_name: str, *, sha256: str) -> Transfer:
    """Return the step that brings an archive from one host to another.

    Raises:
        InvalidInput: This is no name for an archive.
    """
    name = archives.checked_name(file_name)
    path = f"{target.archives}/{name}"
    purpose = (
        f"Fetch the archive from {source.host.name} through the panel, in pieces; a line that drops costs "
        "one of them, and the checksum of the whole is compared before it gets its name"
    )
    undo = f"{archives.UNLINK} {path}"
    return Transfer(str(source.host.pk), f"{source.archives}/{name}", path, f"{purpose}.", sha256, undo)


def copy_plan(source: Place, target: Place, file_name: str) -> Plan:
    """Return the plan that copies an archive to another host."""
    step = bring_archive(source, target, file_name, sha256="")
    checks = (f"{step.path} is there, as long as on {source.host.name}",)
    return Plan(COPY, f"Copy the archive {file_name} from {source.host.name}", (step,), checks)


def back_plan(jail: Jail, *, starts: bool, runs_at_boot: bool) -> Plan:
    """Return the plan that makes a jail on its old host what it was before it was to be moved.

    Args:
        jail: The jail there.
        starts: Whether it ran then.
        runs_at_boot: Whether it was started at boot then.
    """
    name = JailName.parse(jail.name)
    allow = ezjail.config_run(name, run=True) if runs_at_boot else _allow_run(name)
    commands: tuple[PlanStep, ...] = (
        *((allow,) if starts or runs_at_boot else ()),
        *((ezjail.onestart(name),) if starts else ()),
        *(() if runs_at_boot else (_norun_there(name),)),
    )
    checks = [f"jls shows {jail.safe_name} running"] if starts else []
    checks.append(f"the host {'starts' if runs_at_boot else 'does not start'} it when it boots")
    return Plan(BACK, f"Take the jail {jail.name} back", commands, tuple(checks))


def _allow_run(name: JailName) -> Command:
    purpose = f"Mark {name} as runnable for a moment: ezjail skips a norun jail silently, with status 0."
    return replace(ezjail.config_run(name, run=True), purpose=purpose)


def _leave_off(name: JailName) -> Command:
    purpose = f"Keep {name} from starting here at boot, or after one it would run on two hosts."
    return replace(ezjail.config_run(name, run=False), purpose=purpose)


def _norun_there(name: JailName) -> Command:
    purpose = f"Leave {name} as it was: not started when the host boots."
    return replace(ezjail.config_run(name, run=False), purpose=purpose)
