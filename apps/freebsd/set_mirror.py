"""Where FreeBSD's distribution sets lie on mirrors, and the MANIFEST that says what each must hash to.

The MANIFEST is not signed, so the way there has to be safe: HTTPS with the certificate checked, from the
mirror that was set and from nowhere else.

Source: reference ezjail §6.1, §9 (FTP host, no integrity check).
"""

from __future__ import annotations

from dataclasses import dataclass

from apps.freebsd.errors import InvalidInput
from apps.freebsd.parsers.manifest import parse_manifest
from apps.freebsd.small_file import NotGenuine, NotOffered, SmallFiles
from apps.freebsd.values import Mirror, Release

MOST_BYTES = 64 * 1024
# `uname -m` and `uname -p`, as mirrors name their directories.
_PLACES = {"amd64": "amd64/amd64", "arm64": "arm64/aarch64", "i386": "i386/i386", "riscv": "riscv/riscv64"}


@dataclass(frozen=True, slots=True)
class FoundManifest:
    """A release's MANIFEST, and the directory that it lies in with the sets.

    Args:
        folder: The directory's address, without a slash at its end.
        text: The MANIFEST.
    """

    folder: str
    text: str


@dataclass(frozen=True, slots=True)
class SetMirror:
    """A mirror of FreeBSD's releases.

    Args:
        url: Below it lie releases/amd64/amd64/13.2-RELEASE/ and the like.
        archive: Below it lie amd64/amd64/12.4-RELEASE/ and the like, of releases without support.
    """

    url: Mirror
    archive: Mirror

    def folders(self, release: Release, machine: str) -> tuple[str, ...]:
        """Return where the sets of a release may lie, the likeliest first.

        Raises:
            InvalidInput: Mirrors carry nothing for such a machine or release.
        """
        place = place_of(release, machine)
        return f"{self.url}/releases/{place}", f"{self.archive}/{place}"

    def manifest(self, release: Release, machine: str) -> FoundManifest:
        """Fetch a release's MANIFEST.

        Raises:
            InvalidInput: Mirrors carry nothing for such a machine or release.
            MirrorAway: A mirror could not be reached.
            NotOffered: None of them has it.
            NotGenuine: What came is no MANIFEST.
        """
        for folder in self.folders(release, machine):
            try:
                return _fetched(folder)
            except NotOffered:
                continue
        raise NotOffered(f"The mirrors have no sets of {release.name} for {machine}.")


def place_of(release: Release, machine: str) -> str:
    """Return a release's directory below a mirror's root, such as amd64/amd64/13.2-RELEASE.

    Raises:
        InvalidInput: Mirrors carry nothing for such a machine or release.
    """
    if machine not in _PLACES:
        raise InvalidInput(
            f"The panel does not know where mirrors keep sets for {machine or 'this machine'}."
        )
    if not release.installable:
        raise InvalidInput(
            f"Mirrors carry no sets of {release.name}: choose a -RELEASE, -RC or -BETA.", field="release"
        )
    return f"{_PLACES[machine]}/{release.name}"


def _fetched(folder: str) -> FoundManifest:
    data = SmallFiles("The mirror", folder, MOST_BYTES).fetch(f"{folder}/MANIFEST")
    try:
        text = data.decode("ascii")
    except UnicodeDecodeError as error:
        raise NotGenuine("What the mirror gave is no MANIFEST.") from error
    parse_manifest(text)
    return FoundManifest(folder, text)
