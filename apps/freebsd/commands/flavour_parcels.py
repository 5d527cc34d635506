"""A flavour as one file: packed on one host, unpacked on another, and the file taken away again.

Nothing but the flavour's own name is taken out of the file, whatever else is in it: a host that somebody else
got hold of must not be able to write elsewhere on another.

Source: tar(1), install(1), unlink(1); reference ezjail §5.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.freebsd.commands import Command

if TYPE_CHECKING:
    from apps.freebsd.values import FlavourName

FOLDER = "/var/db/jailpanel/files"
TAR = "/usr/bin/tar"
TIMEOUT_S = 30 * 60
QUICK_TIMEOUT_S = 60


def parcel(flavour: FlavourName, at: str) -> str:
    """Return the path of the file that a flavour travels in, the same on both hosts.

    Args:
        flavour: Which flavour.
        at: The moment of the wish, 14 digits: what is left of an earlier one is not in the way.
    """
    return f"{FOLDER}/flavour-{flavour}.{at}.tar"


def make_folder() -> Command:
    """Build the call that makes the folder of the panel's large files; one that is there is no error."""
    argv = ("/usr/bin/install", "-d", "-m", "700", FOLDER)
    return Command(
        argv, "Make the folder for files that go to other hosts; root's alone.", timeout_s=QUICK_TIMEOUT_S
    )


def pack(flavours_dir: str, flavour: FlavourName, file: str) -> Command:
    """Build the call that writes a flavour to a file."""
    purpose = f"Write the flavour {flavour} to one file, with owners, modes and links."
    argv = (TAR, "-cf", file, "-C", flavours_dir, str(flavour))
    return Command(argv, purpose, undo=f"unlink {file}", timeout_s=TIMEOUT_S)


def unpack(flavours_dir: str, flavour: FlavourName, file: str) -> Command:
    """Build the call that makes a flavour from a file; there must be none of its name."""
    place = f"{flavours_dir}/{flavour}"
    purpose = f"Take the flavour {flavour} out of the file, and nothing else that may be in it."
    argv = (TAR, "-xf", file, "-C", flavours_dir, str(flavour))
    return Command(argv, purpose, undo=f"rm -R {place}", timeout_s=TIMEOUT_S)


def tidy(file: str) -> Command:
    """Build the call that takes the file away."""
    return Command(
        ("/bin/unlink", file), "Take the file away: it has done its work.", timeout_s=QUICK_TIMEOUT_S
    )
