"""Jails in image files: attach, detach, check; and what asks for a passphrase gets a terminal for it.

Source: reference ezjail §3.5 (-i), §3.6, §7; geli(8).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from apps.freebsd.commands import Command
from apps.freebsd.commands.ezjail import EZJAIL_ADMIN, IN_A_TERMINAL

if TYPE_CHECKING:
    from apps.freebsd.values import JailName

ASKING_TIMEOUT_S = 15 * 60
FSCK_TIMEOUT_S = 3600


def in_terminal(command: Command) -> Command:
    """Return a call that may ask for a passphrase, with a terminal to ask at.

    Args:
        command: A start, an attach or a check; its time limit is how long an answer is waited for, too.
    """
    if command.argv[:3] == IN_A_TERMINAL:
        return command
    purpose = (
        f"{command.purpose.rstrip('.')}; script gives it the terminal at which it asks for the passphrase, "
        f"for {command.timeout_s // 60} minutes at most."
    )
    return replace(command, argv=(*IN_A_TERMINAL, *command.argv), purpose=purpose)


def attach(name: JailName, *, encrypted: bool) -> Command:
    """Build the call that attaches a jail's image and mounts it on its root, to look after its files.

    Args:
        name: The jail, which does not run.
        encrypted: Whether it asks for a passphrase.
    """
    purpose = f"Attach the image of {name} as a memory disc, check it and mount it at the jail's root."
    undo = f"{EZJAIL_ADMIN} config -i detach {name}"
    return _command(name, "attach", purpose, undo=undo, encrypted=encrypted)


def detach(name: JailName) -> Command:
    """Build the call that unmounts a jail's image and gives its memory disc back.

    Args:
        name: The jail, which does not run.
    """
    purpose = f"Unmount the image of {name} and give its memory disc back."
    return _command(name, "detach", purpose, undo=f"{EZJAIL_ADMIN} config -i attach {name}", encrypted=False)


def fsck(name: JailName, *, encrypted: bool) -> Command:
    """Build the call that checks the file system in a jail's image.

    Args:
        name: The jail, which does not run, and whose image is not attached.
        encrypted: Whether it asks for a passphrase.
    """
    unsure = "waits until its time is up" if encrypted else "mends nothing of that"
    purpose = (
        f"Attach the image of {name}, check its file system and detach it; nobody answers what fsck asks "
        f"before it mends what it is not sure of, so that it {unsure}."
    )
    command = _command(name, "fsck", purpose, undo=None, encrypted=encrypted)
    return replace(command, timeout_s=FSCK_TIMEOUT_S)


def _command(name: JailName, action: str, purpose: str, *, undo: str | None, encrypted: bool) -> Command:
    argv = (EZJAIL_ADMIN, "config", "-i", action, str(name))
    command = Command(argv, purpose, undo=undo, timeout_s=ASKING_TIMEOUT_S)
    return in_terminal(command) if encrypted else command
