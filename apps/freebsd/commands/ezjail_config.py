"""ezjail-admin config: rename a jail.

Its other options are not used: each of them writes the jail's file anew and drops every variable that ezjail
does not know (reference ezjail §0.7). `config -r`, which only renames the file, is in `ezjail`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.freebsd.commands import Command
from apps.freebsd.commands.ezjail import EZJAIL_ADMIN

if TYPE_CHECKING:
    from apps.freebsd.values import JailName

RENAME_TIMEOUT_S = 10 * 60  # a root on another file system than its new place would be copied


def config_rename(old: JailName, new: JailName) -> Command:
    """Build the call that gives a jail another name; it has to be stopped.

    ezjail moves the root before it looks whether the name is free: that has to be looked at before.

    Args:
        old: The jail.
        new: The name that it gets.

    Source: reference ezjail §3.5 (Rename, Hazard).
    """
    purpose = (
        f"Rename {old} to {new}: ezjail moves its root directory or dataset, and its image; "
        f"it writes the file and the fstab anew under {new.safe_name}; "
        "the panel has looked first whether the name and the place are free, since ezjail moves the root "
        "before it looks"
    )
    return Command(
        (EZJAIL_ADMIN, "config", "-n", str(new), str(old)),
        f"{purpose}.",
        undo=f"{EZJAIL_ADMIN} config -n {old} {new}",
        timeout_s=RENAME_TIMEOUT_S,
    )
