"""zfs: snapshots of jails' datasets, taken, gone back to and destroyed.

The panel takes its own: those of `ezjail-admin snapshot` fail without a word, and its clean-up reads its own
dates wrongly (reference ezjail §1.6).

Source: reference jail-tools §9.1.
"""

from __future__ import annotations

import re

from apps.freebsd.commands import Command
from apps.freebsd.commands.zfs import ZFS
from apps.freebsd.errors import InvalidInput

OWN = "jailpanel-"
TIMEOUT_S = 600
_DATASET = re.compile(r"(?=.{1,200}\Z)[A-Za-z][A-Za-z0-9._:-]*(?:/[A-Za-z0-9._:-]+)+")
_LABEL = re.compile(r"[A-Za-z0-9._:-]{1,100}")


def take(dataset: str, label: str) -> Command:
    """Build the call that takes a snapshot of a dataset and of all below it, at one moment.

    Args:
        dataset: A jail's, or the basejail's.
        label: Its name, which begins with `jailpanel-`.

    Raises:
        InvalidInput: These are no names that we would pass on.
    """
    full = _full(dataset, label)
    purpose = f"Take a snapshot of {dataset}; -r takes those below it at the same moment."
    return Command(
        (ZFS, "snapshot", "-r", full), purpose, undo=f"{ZFS} destroy -r {full}", timeout_s=TIMEOUT_S
    )


def roll_back(dataset: str, label: str, *, past_newer: bool) -> Command:
    """Build the call that makes a dataset what it was when a snapshot was taken.

    Args:
        dataset: A jail's.
        label: The snapshot's name.
        past_newer: Whether newer snapshots are destroyed on the way.

    Raises:
        InvalidInput: These are no names that we would pass on.
    """
    words = ("-r",) if past_newer else ()
    purpose = f"Make {dataset} what it was at that moment; all that was written since is lost"
    if past_newer:
        purpose += "; -r destroys the newer snapshots, without which ZFS does not go back past them"
    return Command((ZFS, "rollback", *words, _full(dataset, label)), f"{purpose}.", timeout_s=TIMEOUT_S)


def destroy(dataset: str, label: str) -> Command:
    """Build the call that destroys a snapshot of a dataset, and those of its name below it.

    Raises:
        InvalidInput: These are no names that we would pass on.
    """
    purpose = f"Destroy the snapshot {label}; the files as they are now stay."
    return Command((ZFS, "destroy", "-r", _full(dataset, label)), purpose, timeout_s=TIMEOUT_S)


def _full(dataset: str, label: str) -> str:
    if not _DATASET.fullmatch(dataset) or not _LABEL.fullmatch(label):
        raise InvalidInput(f"{dataset}@{label} is no name of a snapshot that the panel would pass on.")
    return f"{dataset}@{label}"
