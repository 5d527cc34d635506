"""unlink, umount: take away what a command of ezjail's left half made and no command of ezjail's takes away.

Source: reference ezjail §8.2, §11.
"""

from __future__ import annotations

import re

from apps.freebsd.commands import Command
from apps.freebsd.errors import InvalidInput

UNLINK, UMOUNT = "/bin/unlink", "/sbin/umount"
TIMEOUT_S = 60
MADE_BY_START = ("basejail", "dev", "dev/fd", "proc")
_CONTROL = "/usr/local/etc/ezjail"
_TEMPORARY = re.compile(r"[A-Za-z0-9_]{1,63}\.[A-Za-z0-9]{6}")
_JAIL_FILE = re.compile(r"[A-Za-z0-9_]{1,63}(?:\.norun)?")
_FSTAB = re.compile(r"/etc/fstab\.[A-Za-z0-9_]{1,63}")
_RESTORE = re.compile(r"/tmp/ezjail\.prop\.[A-Za-z0-9]{1,16}")  # noqa: S108  ezjail's, not ours
_IMAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}\.img")
_ROOT = re.compile(r"(?!.*(?://|/\.))/[A-Za-z0-9._/+@-]{1,900}(?<!/)")


def is_temporary(file_name: str) -> bool:
    """Tell whether a file among the jails' has a name that `ezjail-admin config` gives for a moment."""
    return bool(_TEMPORARY.fullmatch(file_name))


def remove_temporary(file_name: str) -> Command:
    """Build the call that removes what a change of a jail's file left beside it.

    Args:
        file_name: Such as web.a1B2c3.

    Raises:
        InvalidInput: ezjail gives no such name.
    """
    if not is_temporary(file_name):
        raise InvalidInput(f"{file_name or 'Nothing'} is no name of ezjail's for a moment.")
    return _unlink(f"{_CONTROL}/{file_name}", "Remove the temporary file, which ezjail takes for a jail.")


def remove_cut_file(file_name: str) -> Command:
    """Build the call that removes a jail's file whose writing was cut short.

    Args:
        file_name: The jail's safe name, with `.norun` where it has that.

    Raises:
        InvalidInput: This is no name of a jail's file.
    """
    if not _JAIL_FILE.fullmatch(file_name):
        raise InvalidInput(f"{file_name or 'Nothing'} is no name of a jail's file.")
    purpose = "Remove the file that was cut short; refused by the host's agent if it is whole by now."
    return _unlink(f"{_CONTROL}/{file_name}", purpose)


def remove_fstab(path: str) -> Command:
    """Build the call that removes the list of mounts of a jail that ezjail has no file for.

    Raises:
        InvalidInput: This is no such list.
    """
    if not _FSTAB.fullmatch(path):
        raise InvalidInput(f"{path or 'Nothing'} is no list of a jail's mounts.")
    return _unlink(path, "Remove the list of mounts that belongs to no jail.")


def remove_restore(path: str) -> Command:
    """Build the call that removes what a failed restore left.

    Raises:
        InvalidInput: This is nothing of a restore's.
    """
    if not _RESTORE.fullmatch(path):
        raise InvalidInput(f"{path or 'Nothing'} is nothing that a restore leaves.")
    return _unlink(path, "Remove the settings that a restore took out of an archive and left.")


def is_start_mount(jaildir: str, point: str) -> bool:
    """Tell whether something is mounted where a start mounts it, below a root in ezjail's directory."""
    if not _ROOT.fullmatch(point) or not point.startswith(f"{jaildir}/"):
        return False
    name, _, below = point.removeprefix(f"{jaildir}/").partition("/")
    return bool(name) and below in MADE_BY_START


def unmount(jaildir: str, point: str) -> Command:
    """Build the call that takes a mount away which a stop did not.

    Args:
        jaildir: ezjail's directory.
        point: Where it is mounted.

    Raises:
        InvalidInput: No start mounts anything there.
    """
    if not is_start_mount(jaildir, point):
        raise InvalidInput(f"No start of a jail mounts anything at {point}.")
    purpose = "Unmount what the stop left; umount refuses while anything uses it."
    return Command((UMOUNT, point), purpose, timeout_s=TIMEOUT_S)


def is_image(jaildir: str, path: str) -> bool:
    """Tell whether this is an image file in ezjail's directory, under a jail's name."""
    name = path.removeprefix(f"{jaildir}/")
    return bool(_ROOT.fullmatch(path)) and bool(_IMAGE.fullmatch(name))


def remove_image(jaildir: str, path: str) -> Command:
    """Build the call that removes the image file of a jail that ezjail has no file for.

    Args:
        jaildir: ezjail's directory.
        path: The file.

    Raises:
        InvalidInput: It is none such.
    """
    if not is_image(jaildir, path):
        raise InvalidInput(f"{path or 'Nothing'} is no image in ezjail's directory.")
    purpose = "Destroy the image; the host's agent refuses while it is attached, or a jail's file names it."
    return _unlink(path, purpose)


def _unlink(path: str, purpose: str) -> Command:
    return Command((UNLINK, path), purpose, timeout_s=TIMEOUT_S)
