"""What FreeBSD's update mirror offers for a release: its newest patch level, signed by the project.

The mirror is asked as freebsd-update asks it, over plain HTTP: nothing is believed that the project's key has
not signed, and the key is known by its hash.

Source: freebsd-update.sh, fetch_key and fetch_tag; /etc/freebsd-update.conf, KeyPrint.
"""

from __future__ import annotations

import hashlib
import re
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPException
from typing import IO, TYPE_CHECKING
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, build_opener

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from apps.freebsd.errors import InvalidInput, PanelError, ParseError
from apps.freebsd.values import Release

if TYPE_CHECKING:
    from http.client import HTTPMessage
    from urllib.request import Request

KEY_PRINT = "800651ef4b4c71c27e60786d7b487188970f4b4169cc055784e21eb71d410cc5"
MOST_BYTES = 16 * 1024
TIMEOUT_S = 15.0
NOT_FOUND = 404
MIRROR = re.compile(
    r"https?://[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~-]+)*"
)
ARCH = re.compile(r"[a-z0-9_]{1,16}")
_TAG = re.compile(
    r"freebsd-update\|(?P<arch>[a-z0-9_]+)\|(?P<release>[A-Z0-9.-]+)\|(?P<patch>[0-9]{1,3})"
    r"\|[0-9a-f]{64}\|(?P<eol>[0-9]{10})(?:\|[^\n]*)?\n?"
)


class MirrorAway(PanelError):
    """The mirror did not answer, or not with a file."""

    retry = True


class NotOffered(PanelError):
    """The mirror answers, and has nothing for this release."""


class NotGenuine(ParseError):
    """What the mirror gave is not what FreeBSD's project signed."""


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
        """Return a small file, in the time that it may take: a socket's begins anew with each byte."""
        answer: list[bytes | PanelError] = []
        thread = threading.Thread(target=self._ask, args=(url, answer), name="update-mirror", daemon=True)
        thread.start()
        thread.join(self.timeout_s)
        got = answer[0] if answer else self._away(f"it took longer than {self.timeout_s:g} seconds")
        if isinstance(got, PanelError):
            raise got
        return got

    def _ask(self, url: str, answer: list[bytes | PanelError]) -> None:
        try:
            # The scheme is http or https: MIRROR.
            with build_opener(_StayHere).open(url, timeout=self.timeout_s) as response:
                answer.append(_read(response, time.monotonic() + self.timeout_s))
        except HTTPError as error:
            error.close()
            answer.append(self._refused(error.code))
        except (OSError, HTTPException, ValueError) as error:
            answer.append(self._away(_reason(error)))
        except PanelError as error:
            answer.append(error)

    def _refused(self, status: int) -> PanelError:
        if status == NOT_FOUND:
            return NotOffered("The update mirror has nothing for this release.")
        return self._away(f"it answered with status {status}")

    def _away(self, why: str) -> MirrorAway:
        return MirrorAway(f"The update mirror {self.url} could not be reached: {why}.")


def _reason(error: Exception) -> str:
    """Say why in words, without the number that the system has for it."""
    cause = getattr(error, "reason", None) or error
    return str(getattr(cause, "strerror", None) or cause) or type(error).__name__


class _StayHere(HTTPRedirectHandler):
    """Follows nowhere: the mirror is the one that was set."""

    def redirect_request(  # noqa: PLR0917  urllib's signature
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        """Have the redirect end as an error."""


def _read(response: IO[bytes], until: float) -> bytes:
    data = b""
    while chunk := response.read1(MOST_BYTES):  # type: ignore[attr-defined]  # http.client's own
        data += chunk
        if len(data) > MOST_BYTES or time.monotonic() > until:
            raise NotGenuine("The update mirror gave more than a key or a tag is long.")
    return data


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
