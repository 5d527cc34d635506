"""zfs: a deleted jail's dataset put aside under another name, brought back, or destroyed in the end.

Source: reference ezjail §1.2 (delete without -w leaves it), jail-tools §9.1.
"""

from __future__ import annotations

import re

from apps.freebsd.commands import Command
from apps.freebsd.commands.zfs import ZFS
from apps.freebsd.errors import InvalidInput
from apps.freebsd.values import JailName

TIMEOUT_S = 600
_PARENT = re.compile(r"(?=.{1,130}\Z)[A-Za-z][A-Za-z0-9._:-]*(?:/[A-Za-z0-9._:-]+)*")
_AT = re.compile(r"[0-9]{14}")


def kept_name(name: JailName, at: str) -> str:
    """Return what a deleted jail's dataset is called: kept-web-20261124125900.

    Raises:
        InvalidInput: This is no moment.
    """
    if not _AT.fullmatch(at):
        raise InvalidInput("A moment is fourteen digits.")
    return f"kept-{name}-{at}"


def put_aside(jailzfs: str, name: JailName, root: str) -> Command:
    """Build the call that takes a jail's root out of the way, and so shows that nothing uses it.

    Args:
        jailzfs: The dataset above it.
        name: The jail.
        root: Where it is mounted.

    Raises:
        InvalidInput: The dataset has no name that we would pass on.
    """
    full = _full(jailzfs, str(name))
    purpose = f"Mount {full} nowhere; it fails, and nothing is changed, where something still uses it."
    undo = f"{ZFS} set mountpoint={root} {full}"
    return Command((ZFS, "set", "mountpoint=none", full), purpose, undo=undo, timeout_s=TIMEOUT_S)


def keep(jailzfs: str, name: JailName, at: str) -> Command:
    """Build the call that gives a deleted jail's dataset the name under which it is kept."""
    old, new = _full(jailzfs, str(name)), _full(jailzfs, kept_name(name, at))
    purpose = "Keep its dataset under another name, all files and snapshots with it."
    return Command((ZFS, "rename", old, new), purpose, undo=f"{ZFS} rename {new} {old}", timeout_s=TIMEOUT_S)


def bring_back(jailzfs: str, name: JailName, at: str, root: str) -> tuple[Command, Command]:
    """Build the calls that make a kept dataset a jail's again."""
    old, new = _full(jailzfs, kept_name(name, at)), _full(jailzfs, str(name))
    renamed = Command(
        (ZFS, "rename", old, new), "Give its dataset its name back.", undo=f"{ZFS} rename {new} {old}",
        timeout_s=TIMEOUT_S,
    )  # fmt: skip
    return renamed, mount(jailzfs, name, root)


def mount(jailzfs: str, name: JailName, root: str) -> Command:
    """Build the call that mounts a jail's dataset where its root belongs.

    Raises:
        InvalidInput: The dataset has no name that we would pass on.
    """
    full = _full(jailzfs, str(name))
    purpose = "Mount it where the jail's root belongs."
    undo = f"{ZFS} set mountpoint=none {full}"
    return Command((ZFS, "set", f"mountpoint={root}", full), purpose, undo=undo, timeout_s=TIMEOUT_S)


def destroy(jailzfs: str, name: JailName, at: str) -> Command:
    """Build the call that destroys what was kept of a deleted jail."""
    purpose = "Destroy the kept dataset with its snapshots, for good."
    return Command((ZFS, "destroy", "-r", _full(jailzfs, kept_name(name, at))), purpose, timeout_s=TIMEOUT_S)


def _full(jailzfs: str, leaf: str) -> str:
    if not _PARENT.fullmatch(jailzfs):
        raise InvalidInput(f"{jailzfs or 'Nothing'} is no name of a dataset that the panel would pass on.")
    return f"{jailzfs}/{leaf}"
