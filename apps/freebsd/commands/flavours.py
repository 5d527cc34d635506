"""What changes flavours: plain programs on ezjail's own directory, and `ezjail-admin freeze`.

Flavours are the host's, not a jail's: no jail reaches them, so that following their paths as root is safe.
The agent's allow-list has these forms and refuses links on the way.

Source: reference ezjail §1.5, §5; install(1), cp(1), rm(1), chmod(1).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.freebsd.commands import Command
from apps.freebsd.commands.ezjail import EZJAIL_ADMIN

if TYPE_CHECKING:
    from apps.freebsd.values import FlavourName, JailName
    from apps.freebsd.values.flavour_path import FlavourPath

COPY_TIMEOUT_S = 30 * 60


def make_directory(flavours_dir: str, flavour: FlavourName, below: str = "") -> Command:
    """Build the call that makes a flavour's directory, or one in it with those above it.

    Args:
        flavours_dir: ezjail's setting.
        flavour: Which flavour.
        below: A path in the flavour; empty for its own directory.
    """
    path = f"{flavours_dir}/{flavour}/{below}".rstrip("/")
    purpose = f"Make the directory {path}, readable for all, with those above it."
    return Command(("/usr/bin/install", "-d", "-m", "755", path), purpose, undo=f"rmdir {path}", timeout_s=60)


def copy(flavours_dir: str, source: FlavourName, target: FlavourName) -> Command:
    """Build the call that copies a flavour as a whole; the target must not exist."""
    place = f"{flavours_dir}/{target}"
    purpose = f"Copy the flavour {source} to {target}, owners, modes and links included."
    argv = ("/bin/cp", "-Rp", f"{flavours_dir}/{source}", place)
    return Command(argv, purpose, undo=f"rm -R {place}", timeout_s=COPY_TIMEOUT_S)


def remove(flavours_dir: str, flavour: FlavourName) -> Command:
    """Build the call that removes a flavour as a whole."""
    purpose = f"Remove the flavour {flavour} with all its files. Jails that were made with it keep theirs."
    return Command(("/bin/rm", "-R", f"{flavours_dir}/{flavour}"), purpose, timeout_s=COPY_TIMEOUT_S)


def remove_file(flavours_dir: str, flavour: FlavourName, path: FlavourPath) -> Command:
    """Build the call that removes one file of a flavour."""
    purpose = f"Remove {path} from the flavour {flavour}. Jails that were made with it keep theirs."
    return Command(("/bin/rm", f"{flavours_dir}/{flavour}/{path}"), purpose, timeout_s=60)


def set_mode(flavours_dir: str, flavour: FlavourName, path: FlavourPath, *, executable: bool) -> Command:
    """Build the call that makes a file of a flavour executable, or not."""
    mode, other = ("755", "644") if executable else ("644", "755")
    place = f"{flavours_dir}/{flavour}/{path}"
    what = "a program that anyone may run" if executable else "a plain file"
    purpose = f"Make {path} {what} (mode {mode}) in new jails."
    return Command(("/bin/chmod", mode, place), purpose, undo=f"chmod {other} {place}", timeout_s=60)


def freeze(jail: JailName, flavour: FlavourName) -> Command:
    """Build the call that makes a flavour of what a ZFS jail changed since it was made with `create -k`.

    Source: reference ezjail §1.5.
    """
    purpose = (
        f"Make the flavour {flavour} of what {jail} has changed or added since it was made. "
        "What it deleted or renamed is not seen."
    )
    return Command((EZJAIL_ADMIN, "freeze", str(jail), str(flavour)), purpose, timeout_s=COPY_TIMEOUT_S)
