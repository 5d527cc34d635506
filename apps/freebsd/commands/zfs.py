"""zfs: take away what a broken install or create of ezjail's left under names of its own.

Source: reference ezjail §7, §11.
"""

from __future__ import annotations

import re

from apps.freebsd.commands import Command
from apps.freebsd.errors import InvalidInput
from apps.freebsd.parsers.leftovers import CREATE_SNAPSHOT

ZFS = "/sbin/zfs"
DESTROY_TIMEOUT_S = 600
_DATASET = re.compile(r"[A-Za-z][A-Za-z0-9._:-]*(?:/[A-Za-z0-9._:-]+)*")


def destroy_fulljail(jailzfs: str) -> Command:
    """Build the call that destroys the dataset in which an install unpacks.

    Args:
        jailzfs: ezjail's dataset.

    Raises:
        InvalidInput: It is no plain name of a dataset.
    """
    purpose = "Destroy the dataset in which the installation unpacked; no jail is in it."
    return Command(
        (ZFS, "destroy", "-r", f"{_plain(jailzfs)}/fulljail"), purpose, timeout_s=DESTROY_TIMEOUT_S
    )


def destroy_template_snapshot(jailzfs: str) -> Command:
    """Build the call that destroys the snapshot of the template which a create takes, and takes away again.

    Args:
        jailzfs: ezjail's dataset.

    Raises:
        InvalidInput: It is no plain name of a dataset.
    """
    purpose = "Destroy the template's snapshot that a create left: the next jail would be built on it."
    name = f"{_plain(jailzfs)}/newjail@{CREATE_SNAPSHOT}"
    return Command((ZFS, "destroy", name), purpose, timeout_s=DESTROY_TIMEOUT_S)


def _plain(dataset: str) -> str:
    if not _DATASET.fullmatch(dataset):
        raise InvalidInput(f"{dataset or 'Nothing'} is no name of a dataset that the panel would pass on.")
    return dataset
