"""zfs: a snapshot of the basejail and the template before they are changed, and the way back to it.

Source: reference ezjail §6.2, §6.5 (update -U takes none), §11.
"""

from __future__ import annotations

import re

from apps.freebsd.commands import Command
from apps.freebsd.errors import InvalidInput

ZFS = "/sbin/zfs"
LEAVES = ("basejail", "newjail")
PREFIX = "jailpanel-"
_DATASET = re.compile(r"[A-Za-z][A-Za-z0-9._:-]*(?:/[A-Za-z0-9._:-]+)*")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")


def snapshot(jailzfs: str, leaf: str, name: str) -> Command:
    """Build the call that takes a snapshot of the basejail or of the template.

    Args:
        jailzfs: ezjail's dataset.
        leaf: basejail or newjail.
        name: The snapshot's name, such as jailpanel-20261124-1230.

    Raises:
        InvalidInput: It is no plain name.
    """
    full = _full(jailzfs, leaf, name)
    purpose = f"Take a snapshot of {leaf} first, so that there is a way back."
    return Command((ZFS, "snapshot", full), purpose, undo=f"{ZFS} destroy {full}", timeout_s=300)


def roll_back(jailzfs: str, leaf: str, name: str) -> Command:
    """Build the call that brings the basejail or the template back to a snapshot, the newest that it has.

    Args:
        jailzfs: ezjail's dataset.
        leaf: basejail or newjail.
        name: The snapshot's name.

    Raises:
        InvalidInput: It is no plain name.
    """
    purpose = f"Bring {leaf} back to what it was when the snapshot {name} was taken; what came after is lost."
    return Command((ZFS, "rollback", _full(jailzfs, leaf, name)), purpose, timeout_s=600)


def _full(jailzfs: str, leaf: str, name: str) -> str:
    if not _DATASET.fullmatch(jailzfs) or leaf not in LEAVES or not _NAME.fullmatch(name):
        raise InvalidInput("That is no name of a snapshot that the panel would pass on.")
    return f"{jailzfs}/{leaf}@{name}"
