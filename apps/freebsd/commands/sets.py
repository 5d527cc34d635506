"""Distribution sets on a host: fetched, checked against the release's MANIFEST, unpacked, taken away again.

ezjail fetches its sets unverified; here the host fetches them first, proves them, and ezjail is then given
the directory with what was proven. All of it lies in one directory that only the panel uses.

Source: reference ezjail §6.1, §9 (no integrity check); fetch(1), sha256(1), tar(1); freebsd-src
release/Makefile (a set's names begin at the root: usr/ports, usr/src).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress

from apps.freebsd.commands import PANEL, Command, Transfer
from apps.freebsd.errors import InvalidInput
from apps.freebsd.values import AbsolutePath, Mirror, Release

SETS_DIR = "/var/db/jailpanel/files/sets"
FETCH_TIMEOUT_S = 2 * 3600
CHECK_TIMEOUT_S = 600
UNPACK_TIMEOUT_S = 3600
_SET = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


def folder_of(release: Release) -> str:
    """Return the directory on the host in which a release's sets are proven."""
    return f"{SETS_DIR}/{release.name}"


def file_of(release: Release, name: str) -> str:
    """Return where a set's file lies on the host.

    Raises:
        InvalidInput: It is no name of a set.
    """
    if not _SET.fullmatch(name):
        raise InvalidInput("A distribution set's name is of small letters, digits and dashes.")
    return f"{folder_of(release)}/{name}.txz"


def make_folder(release: Release) -> Command:
    """Build the call that makes the directory for a release's sets."""
    purpose = f"Make the directory in which the sets of {release.name} are proven; only the panel uses it."
    return Command(("/usr/bin/install", "-d", folder_of(release)), purpose, timeout_s=60)


def fetch(release: Release, name: str, source: Mirror) -> Command:
    """Build the call that fetches a set, or what is missing of one that came in part before.

    Args:
        release: The set's release.
        name: Such as base.
        source: The directory that it lies in, of a server over HTTPS.

    Raises:
        InvalidInput: It is no set, or the server is none that we fetch from.
    """
    if source.is_local:
        raise InvalidInput("Sets are fetched over https://.", field="mirror")
    path = file_of(release, name)
    argv = ("/usr/bin/fetch", "-r", "-o", path, f"{source}/{name}.txz")
    purpose = (
        f"Fetch the set {name} of {release.name} over HTTPS; -r goes on where an earlier fetch was cut short"
    )
    return Command(argv, f"{purpose}.", undo=f"/bin/unlink {path}", timeout_s=FETCH_TIMEOUT_S)


def bring(release: Release, name: str, stored: str, sha256: str) -> Transfer:
    """Build the step that brings a set to the host which the panel has fetched and proven itself.

    Args:
        release: The set's release.
        name: Such as base.
        stored: Its name in the panel's own store.
        sha256: What it must hash to.
    """
    purpose = (
        f"Bring the set {name} of {release.name} to the host through the panel's own connection: the panel "
        "has fetched it and compared its checksum"
    )
    return Transfer(PANEL, stored, file_of(release, name), f"{purpose}.", sha256=sha256)


def check(release: Release, name: str, sha256: str) -> Command:
    """Build the call that proves a set: it ends with 2 when the file is another than the MANIFEST says.

    Args:
        release: The set's release.
        name: Such as base.
        sha256: From the release's MANIFEST, which the panel read over HTTPS.

    Raises:
        InvalidInput: It is no set, or no checksum.
    """
    if not _SHA256.fullmatch(sha256):
        raise InvalidInput("A SHA-256 has 64 digits, of 0-9 and a-f.")
    purpose = (
        f"Prove {name}.txz by the checksum in the MANIFEST of {release.name}: -c ends with status 2 when the "
        "file is another, and the job stops there"
    )
    argv = ("/sbin/sha256", "-c", sha256, file_of(release, name))
    return Command(argv, f"{purpose}.", timeout_s=CHECK_TIMEOUT_S)


def unpack(release: Release, name: str, jailbase: AbsolutePath) -> Command:
    """Build the call that unpacks a proven set of ports or sources into the basejail.

    Args:
        release: The set's release.
        name: ports or src.
        jailbase: The basejail's directory.

    Raises:
        InvalidInput: It is another set: those ezjail unpacks, since they have to be split.
    """
    if name not in _UNPACKED:
        raise InvalidInput("Only ports and sources are unpacked straight into the basejail.")
    argv = ("/usr/bin/tar", "-xf", file_of(release, name), "-C", str(jailbase))
    purpose = f"Unpack {_UNPACKED[name][0]} of {release.name} into the basejail: {_UNPACKED[name][1]}."
    return Command(argv, purpose, timeout_s=UNPACK_TIMEOUT_S)


_WHY_PORTS = (
    "FreeBSD 14 and later have no portsnap, with which ezjail would fetch it, so it comes from the release's "
    "own set"
)
_WHY_SOURCES = "ezjail's own install -S would leave an empty fulljail behind"
_UNPACKED = {"ports": ("the ports tree", _WHY_PORTS), "src": ("the sources", _WHY_SOURCES)}


def remove(release: Release, name: str) -> Command:
    """Build the call that removes a set's file from the host.

    Raises:
        InvalidInput: It is no name of a set.
    """
    purpose = f"Remove {name}.txz: what was in it is in its place."
    return Command(("/bin/unlink", file_of(release, name)), purpose, timeout_s=60)


def remove_spoilt(release: Release, name: str) -> Command:
    """Build the call that removes a set which failed its proof, so that it is fetched from the beginning.

    Raises:
        InvalidInput: It is no name of a set.
    """
    purpose = f"Remove the {name}.txz that failed its proof, so that it comes anew from its first byte."
    return Command(("/bin/unlink", file_of(release, name)), purpose, timeout_s=60)


def remove_listed(paths: Iterable[str]) -> tuple[Command, ...]:
    """Build the calls that remove sets which lie on a host, as a probe lists them.

    Args:
        paths: RELEASE/NAME.txz each; what is no such path is left alone.
    """
    commands = []
    for path in paths:
        release, _, name = path.partition("/")
        with suppress(InvalidInput):
            file = file_of(Release.parse(release), name.removesuffix(".txz"))
            purpose = f"Remove {file}, which an installation that was cut short left."
            commands.append(Command(("/bin/unlink", file), purpose, timeout_s=60))
    return tuple(commands)
