"""What a command that was cut short, or a hand, left on a host and no jail's file accounts for.

Source: reference ezjail §11.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from apps.freebsd.values import safe_name
from apps.freebsd.values.names import RESERVED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from apps.freebsd.parsers.ezjail_settings import EzjailSettings
    from apps.freebsd.parsers.jails import JailFacts, Roots
    from apps.freebsd.parsers.jls import RunningJail
    from apps.freebsd.parsers.mounts import Mount
    from apps.freebsd.parsers.zfs import ZfsDataset

CREATE_SNAPSHOT = "_vanilla_newjail_"
PARTIAL = "partial."  # ezjail takes for a jail's archive whatever begins with its name
_MADE_BY_START = ("nullfs", "devfs", "fdescfs", "procfs")
_KEPT = re.compile(r"kept-(?P<name>.+)-(?P<at>[0-9]{14})")
_RESTORE = re.compile(r"ezjail\.prop\.[A-Za-z0-9]{1,16}")
_SAFE_NAME = re.compile(r"[A-Za-z0-9_]+")


@dataclass(frozen=True, slots=True)
class Leftovers:
    """What belongs to no jail.

    Args:
        files: Names in ezjail's control directory that are no jail's; `ezjail-admin list` takes them for one.
        odd_files: How many more there are whose names do not fit a line.
        roots: Paths of directories that look like a jail's root and that no file names.
        fstabs: Paths of /etc/fstab.NAME that mount the basejail for a jail that has no file.
        datasets: ZFS file systems where jails' would be, and no jail's.
        mounts: Where something is still mounted below the root of a jail that does not run.
        jails: Names of jails in the kernel that ezjail has no file for; they may be someone else's.
        images: Paths of image files below ezjail's directory that are no jail's.
        unmarked: Safe names of jails that run and that ezjail takes for stopped: their id file is missing.
        snapshots: Full names of snapshots that a create takes of the template and takes away again.
        attached: Those of `images` that are attached: md0, a blank, the path.
        restores: Paths of what a restore took out of an archive and left when it failed.
        archives: Names of archives that are not proven whole, or are being written.
    """

    files: tuple[str, ...]
    odd_files: int
    roots: tuple[str, ...]
    fstabs: tuple[str, ...]
    datasets: tuple[str, ...]
    mounts: tuple[str, ...]
    jails: tuple[str, ...]
    images: tuple[str, ...] = ()
    unmarked: tuple[str, ...] = ()
    snapshots: tuple[str, ...] = ()
    restores: tuple[str, ...] = ()
    attached: tuple[str, ...] = ()
    archives: tuple[str, ...] = ()


def is_kept_dataset(name: str) -> bool:
    """Tell whether a dataset has the name under which the panel keeps a deleted jail's."""
    return bool(_KEPT.fullmatch(name.rpartition("/")[2]))


def stray_files(names: Iterable[str], jails: Iterable[JailFacts]) -> tuple[str, ...]:
    """Return the names in the control directory that belong to no jail."""
    taken = {f"{jail.safe_name}{ending}" for jail in jails for ending in ("", ".norun")}
    return tuple(sorted(set(names) - taken))


def orphan_roots(
    roots: Roots, jails: Sequence[JailFacts], running: Iterable[RunningJail], settings: EzjailSettings
) -> tuple[str, ...]:
    """Return the directories below ezjail's that no jail has or runs in and that are not ezjail's own."""
    jaildir = PurePosixPath(settings.jaildir)
    taken = {
        PurePosixPath(path)
        for path in (*settings.own_directories, *(jail.root for jail in jails if jail.root))
    }
    taken |= {PurePosixPath(jail.path) for jail in running}
    unread = {jail.safe_name for jail in jails if not jail.root}
    return tuple(
        str(jaildir / name)
        for name, kind in sorted(roots.entries.items())
        if kind == "d"
        and name not in RESERVED
        and jaildir / name not in taken
        # A file that cannot be read does not say where its jail's root is; this may well be it.
        and safe_name(name) not in unread
    )


def orphan_fstabs(
    fstabs: Mapping[str, str], jails: Iterable[JailFacts], settings: EzjailSettings
) -> tuple[str, ...]:
    """Return the fstabs that are made as ezjail makes them, for a jail that has no file."""
    taken = {jail.safe_name for jail in jails}
    return tuple(
        f"/etc/fstab.{name}"
        for name, text in sorted(fstabs.items())
        if _SAFE_NAME.fullmatch(name) and name not in taken and f"{settings.jailbase} " in text
    )


def orphan_datasets(
    datasets: Iterable[ZfsDataset], jails: Sequence[JailFacts], settings: EzjailSettings
) -> tuple[str, ...]:
    """Return the file systems directly below ezjail's dataset that are neither a jail's nor ezjail's own."""
    if not settings.jailzfs:
        return ()
    # What the panel keeps of a deleted jail is no leftover.
    datasets = [dataset for dataset in datasets if not is_kept_dataset(dataset.name)]
    kept = {"basejail", "newjail", *(PurePosixPath(path).name for path in settings.own_directories)}
    names = {jail.name for jail in jails} | {PurePosixPath(jail.root).name for jail in jails}
    unread = {jail.safe_name for jail in jails if not jail.root}
    leaves = [(dataset.name, dataset.name.rpartition("/")) for dataset in datasets]
    return tuple(
        full
        for full, (parent, _, leaf) in leaves
        if parent == settings.jailzfs and leaf not in kept | names and safe_name(leaf) not in unread
    )


def left_mounts(mounts: Iterable[Mount], jails: Iterable[JailFacts]) -> tuple[str, ...]:
    """Return the mount points that a start makes and a stop takes away, of jails that do not run."""
    stopped = [
        f"{jail.root}/" for jail in jails if jail.root and (jail.running is None or jail.running.dying)
    ]
    made = [mount.point for mount in mounts if mount.kind in _MADE_BY_START]
    return tuple(point for point in made if point.startswith(tuple(stopped)))


def orphan_images(roots: Roots, jails: Sequence[JailFacts], settings: EzjailSettings) -> tuple[str, ...]:
    """Return the image files below ezjail's directory that no jail with a file can be in.

    A jail that was renamed may be in one of another name: its file says so.
    """
    named = "\n".join(jail.config_text for jail in jails)
    taken = {f"{PurePosixPath(jail.root).name}.img" for jail in jails if jail.root}
    taken |= {f"{jail.safe_name}.img" for jail in jails}
    names = sorted(name for name, kind in roots.entries.items() if kind == "f" and name.endswith(".img"))
    paths = [f"{settings.jaildir}/{name}" for name in names if name not in taken]
    return tuple(path for path in paths if path not in named)


def attached_images(text: str, images: Iterable[str]) -> tuple[str, ...]:
    """Return those of some image files that are attached, from `mdconfig -lv`: the unit, and the path."""
    rows = [line.split() for line in text.splitlines() if line.startswith("md")]
    return tuple(f"{row[0]} {path}" for path in images for row in rows if path in row)


def unmarked_jails(jails: Iterable[JailFacts]) -> tuple[str, ...]:
    """Return the jails whose id file does not say that they run: it is written once all of a start is over.

    Source: reference ezjail §2, §11 (start: in jail(8)/rc).
    """
    return tuple(
        jail.safe_name
        for jail in jails
        if jail.running and not jail.running.dying and jail.id_jid != jail.running.jid
    )


def left_snapshots(text: str) -> tuple[str, ...]:
    """Return the snapshots of the template, one a line, that a create should have taken away.

    The next create would build on one, however old, without a word.

    Source: reference ezjail §7, §11.
    """
    return tuple(line for line in text.splitlines() if line.endswith(f"@{CREATE_SNAPSHOT}"))


def left_restores(text: str) -> tuple[str, ...]:
    """Return the paths of what `ezjail-admin restore` leaves in /tmp when its create fails.

    Source: reference ezjail §8.2, §11.
    """
    return tuple(f"/tmp/{line}" for line in text.splitlines() if _RESTORE.fullmatch(line))  # noqa: S108


def unfinished_archives(text: str) -> tuple[str, ...]:
    """Return the names, from the agent's list of archives, that the panel gives to those not proven yet."""
    names = (line.rpartition(" ")[2] for line in text.splitlines())
    return tuple(sorted(name for name in names if name.startswith(PARTIAL)))


def unknown_jails(running: Iterable[RunningJail], jails: Iterable[JailFacts]) -> tuple[str, ...]:
    """Return the names of the kernel's jails that ezjail has no file for."""
    known = {jail.safe_name for jail in jails}
    return tuple(sorted({jail.name for jail in running} - known))
