"""What FreeBSD's update mirror offers for a release: its newest patch level, signed by the project.

The mirror is asked as freebsd-update asks it, over plain HTTP: nothing is believed that the project's key has
not signed, and the key is known by its hash.

Source: freebsd-update.sh, fetch_key and fetch_tag; /etc/freebsd-update.conf, KeyPrint.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from apps.freebsd.errors import InvalidInput
from apps.freebsd.small_file import TIMEOUT_S, MirrorAway, NotGenuine, NotOffered, SmallFiles
from apps.freebsd.values import Release

__all__ = ["MirrorAway", "NotGenuine", "NotOffered", "UpdateMirror", "UpdateTag"]

KEY_PRINT = "800651ef4b4c71c27e60786d7b487188970f4b4169cc055784e21eb71d410cc5"
MOST_BYTES = 16 * 1024
MIRROR = re.compile(
    r"https?://[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~-]+)*"
)
ARCH = re.compile(r"[a-z0-9_]{1,16}")
_TAG = re.compile(
    r"freebsd-update\|(?P<arch>[a-z0-9_]+)\|(?P<release>[A-Z0-9.-]+)\|(?P<patch>[0-9]{1,3})"
    r"\|[0-9a-f]{64}\|(?P<eol>[0-9]{10})(?:\|[^\n]*)?\n?"
)


@dataclass(frozen=True, slots=True)
class UpdateTag:
    """What the project signed about a release.

    Args:
        release: The release with its newest patch level.
        arch: The machine it is for, such as amd64.
        eol_at: When its support ends.
    """

    release: Release
    arch: str
    eol_at: datetime


@dataclass(frozen=True, slots=True)
class UpdateMirror:
    """A mirror of update.FreeBSD.org.

    Args:
        url: Where it is: http://HOST, without a slash at its end.
        key_print: The SHA-256 of the project's public key, hexadecimal.
        timeout_s: Seconds that one file may take in all.

    Raises:
        InvalidInput: This is no address of a mirror.
    """

    url: str
    key_print: str = KEY_PRINT
    timeout_s: float = TIMEOUT_S

    def __post_init__(self) -> None:
        if not MIRROR.fullmatch(self.url) or ".." in self.url:
            raise InvalidInput("An update mirror is http://host or https://host, and nothing more.")

    def latest(self, release: Release, arch: str) -> UpdateTag:
        """Return what is newest for a release on one kind of machine.

        Raises:
            InvalidInput: There are no updates for such a release or machine.
            MirrorAway: The mirror could not be reached.
            NotOffered: It has nothing for this release.
            NotGenuine: What it gave was not signed by the project, or is about something else.
        """
        if not release.installable or not ARCH.fullmatch(arch):
            raise InvalidInput(f"FreeBSD publishes no updates for {release.name} on {arch}.")
        folder = f"{self.url}/{release.name}/{arch}"
        key = _key(self._fetch(f"{folder}/pub.ssl"), self.key_print)
        tag = _tag(self._fetch(f"{folder}/latest.ssl"), key)
        if (tag.release.name, tag.arch) != (release.name, arch):
            raise NotGenuine(f"The mirror gave what is signed for {tag.release.name} on {tag.arch}.")
        return tag

    def _fetch(self, url: str) -> bytes:
        return SmallFiles("The update mirror", self.url, MOST_BYTES, self.timeout_s).fetch(url)


def _key(pem: bytes, key_print: str) -> RSAPublicKey:
    if hashlib.sha256(pem).hexdigest() != key_print:
        raise NotGenuine("The update mirror shows another key than FreeBSD's.")
    try:
        key = load_pem_public_key(pem)
    except ValueError as error:
        raise NotGenuine("The update mirror's key cannot be read.") from error
    if not isinstance(key, RSAPublicKey):
        raise NotGenuine("The update mirror's key is of another kind than FreeBSD's.")
    return key


def _tag(signature: bytes, key: RSAPublicKey) -> UpdateTag:
    try:
        text = key.recover_data_from_signature(signature, PKCS1v15(), None).decode("ascii")
    except (InvalidSignature, ValueError) as error:
        raise NotGenuine("What the update mirror gave is not signed by FreeBSD.") from error
    form = _TAG.fullmatch(text)
    if form is None:
        raise NotGenuine("What the update mirror gave is signed, but is no tag of freebsd-update.")
    patch = int(form["patch"])
    release = Release.parse(f"{form['release']}-p{patch}" if patch else form["release"])
    return UpdateTag(release, form["arch"], datetime.fromtimestamp(int(form["eol"]), UTC))
