"""Archives of jails: written under a name that says so, proven whole, then named, and removed again.

Source: reference ezjail §8.1, §11 (a truncated archive has its final name; success is silent, as is failure).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from apps.freebsd.commands import Command
from apps.freebsd.commands.ezjail import EZJAIL_ADMIN
from apps.freebsd.errors import InvalidInput
from apps.freebsd.parsers.leftovers import PARTIAL

if TYPE_CHECKING:
    from apps.freebsd.values import JailAddresses, JailName

GZIP, LINK, UNLINK = "/usr/bin/gzip", "/bin/link", "/bin/unlink"
ARCHIVE_TIMEOUT_S = 12 * 3600
QUICK_TIMEOUT_S = 60
_NAME = re.compile(r"(?=.{1,255}\Z)(?!.*\.\.)[A-Za-z0-9][A-Za-z0-9._-]*\.(?:tar\.gz|tgz)")
_DIRECTORY = re.compile(r"(?!.*(?://|\.\.))/[A-Za-z0-9._/+@-]{1,900}(?<!/)")


def write(name: JailName, file_name: str, *, running: bool) -> Command:
    """Build the call that archives a jail under an unfinished name, in ezjail's directory of archives.

    Args:
        name: The jail.
        file_name: What the archive is to be called once it is whole.
        running: Whether the jail runs, which ezjail would skip in silence.

    Raises:
        InvalidInput: This is no name for an archive.
    """
    words = ("-f",) if running else ()
    argv = (EZJAIL_ADMIN, "archive", *words, "-a", PARTIAL + checked_name(file_name), str(name))
    purpose = (
        f"Write the jail {name} to an archive; -a names it {PARTIAL}NAME until it is proven, for ezjail says "
        "nothing and ends with status 0 even when it wrote half of it or nothing"
    )
    if running:
        purpose += "; -f takes it along while it runs, where ezjail would skip it without an error"
    return Command(argv, f"{purpose}.", timeout_s=ARCHIVE_TIMEOUT_S)


def prove(directory: str, file_name: str) -> Command:
    """Build the call that reads an archive from its beginning to its end.

    Raises:
        InvalidInput: This is no such directory or name.
    """
    argv = (GZIP, "-t", _path(directory, file_name))
    purpose = "Read it from beginning to end: one that was cut short, by a full disk or a reboot, ends here."
    return Command(argv, purpose, timeout_s=ARCHIVE_TIMEOUT_S)


def finish(directory: str, file_name: str) -> tuple[Command, Command]:
    """Build the calls that give a proven archive its name; neither overwrites one that is there.

    Raises:
        InvalidInput: This is no such directory or name.
    """
    partial, whole = _path(directory, PARTIAL + file_name), _path(directory, file_name)
    named = Command(
        (LINK, partial, whole),
        "Give it its name, now that it is whole; link fails where there is an archive of that name already.",
        undo=f"{UNLINK} {whole}",
        timeout_s=QUICK_TIMEOUT_S,
    )
    unnamed = Command(
        (UNLINK, partial), "Take the unfinished name away; the archive stays.", timeout_s=QUICK_TIMEOUT_S
    )
    return named, unnamed


def remove(directory: str, file_name: str) -> Command:
    """Build the call that deletes an archive.

    Raises:
        InvalidInput: This is no such directory or name.
    """
    return Command(
        (UNLINK, _path(directory, file_name)), "Delete the archive, for good.", timeout_s=QUICK_TIMEOUT_S
    )


def restore(name: JailName, addresses: JailAddresses, directory: str, file_name: str) -> Command:
    """Build the call that makes a jail from an archive.

    It is `create -a`, and not `restore`: that one runs the settings in the archive as root's shell, keeps the
    old addresses, and refuses what was archived elsewhere or while it was not run at boot.

    Raises:
        InvalidInput: This is no such directory or name.

    Source: reference ezjail §7, §8.2.
    """
    argv = (EZJAIL_ADMIN, "create", "-a", _path(directory, file_name), str(name), str(addresses))
    purpose = (
        f"Make the jail {name} with {addresses} from the archive; create -a rather than restore, which would "
        "run the settings in the archive as root and refuse one that was made on another host"
    )
    undo = f"{EZJAIL_ADMIN} delete -w {name}"
    return Command(argv, f"{purpose}.", undo=undo, timeout_s=ARCHIVE_TIMEOUT_S)


def checked_name(text: str) -> str:
    """Return the text, which is a name that an archive can have.

    Raises:
        InvalidInput: It is none.
    """
    if not _NAME.fullmatch(text):
        raise InvalidInput(
            "An archive's name is letters, digits, dots, dashes and underscores, and ends in .tar.gz or .tgz."
        )
    return text


def _path(directory: str, file_name: str) -> str:
    if not _DIRECTORY.fullmatch(directory):
        raise InvalidInput(f"{directory or 'Nothing'} is no directory of archives that the panel would use.")
    return f"{directory}/{checked_name(file_name)}"
