"""FreeBSD's update mirror, played by a server of this machine with a key of its own."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from apps.freebsd.errors import InvalidInput
from apps.freebsd.updates import KEY_PRINT, MirrorAway, NotGenuine, NotOffered, UpdateMirror
from apps.freebsd.values import Release

RELEASE = Release.parse("14.1-RELEASE-p3")
TAG = f"freebsd-update|amd64|14.1-RELEASE|6|{'ab' * 32}|1743465600\n"
FOLDER = "/14.1-RELEASE/amd64"


def signed(text: str, key: rsa.RSAPrivateKey) -> bytes:
    """What `openssl rsautl -sign` makes: the text itself, padded, without a hash."""
    numbers, size = key.private_numbers(), key.key_size // 8
    block = b"\x00\x01" + b"\xff" * (size - len(text) - 3) + b"\x00" + text.encode()
    power = pow(int.from_bytes(block), numbers.d, numbers.public_numbers.n)
    return power.to_bytes(size)


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


@dataclass
class Played:
    """A mirror: what stands at which path, and what was asked for."""

    key: rsa.RSAPrivateKey
    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    moved: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    drips: bool = False

    @property
    def mirror(self) -> UpdateMirror:
        return UpdateMirror(self.url, hashlib.sha256(pem(self.key)).hexdigest())

    def offer(self, text: str = TAG, folder: str = FOLDER) -> None:
        self.files |= {f"{folder}/pub.ssl": pem(self.key), f"{folder}/latest.ssl": signed(text, self.key)}


@pytest.fixture(scope="session")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def played(key) -> Iterator[Played]:
    place = Played(key)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            place.asked.append(self.path)
            if place.drips:
                return self.drip()
            self.send_response(301 if self.path in place.moved else 200 if self.path in place.files else 404)
            if self.path in place.moved:
                self.send_header("Location", place.moved[self.path])
            self.end_headers()
            self.wfile.write(place.files.get(self.path, b""))
            return None

        def drip(self) -> None:
            self.wfile.write(b"HTTP/1.0 200 OK\r\n")
            while not over.wait(0.05):
                self.wfile.write(b"X-Wait: for ever\r\n")

        def log_message(self, *_: object) -> None: ...

    over = threading.Event()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    place.url = f"http://127.0.0.1:{server.server_port}"
    yield place
    over.set()
    server.shutdown()
    server.server_close()
    thread.join()


def test_the_newest_patch_level_and_the_end_of_support_are_read(played):
    played.offer()
    tag = played.mirror.latest(RELEASE, "amd64")
    assert (str(tag.release), tag.arch) == ("14.1-RELEASE-p6", "amd64")
    assert tag.eol_at == datetime(2025, 4, 1, tzinfo=UTC)
    assert played.asked == [f"{FOLDER}/pub.ssl", f"{FOLDER}/latest.ssl"]


def test_a_release_without_patches_is_at_none(played):
    played.offer(TAG.replace("|6|", "|0|"))
    assert str(played.mirror.latest(RELEASE, "amd64").release) == "14.1-RELEASE"


def test_what_a_later_freebsd_update_may_add_behind_is_overlooked(played):
    played.offer(TAG.strip() + "|more\n")
    assert played.mirror.latest(RELEASE, "amd64").release.patch == 6


def test_freebsds_own_key_is_what_counts_by_default(played):
    played.offer()
    assert UpdateMirror(played.url).key_print == KEY_PRINT
    with pytest.raises(NotGenuine, match="another key"):
        UpdateMirror(played.url).latest(RELEASE, "amd64")


def test_a_tag_that_another_key_signed_is_refused(played):
    played.offer()
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    played.files[f"{FOLDER}/latest.ssl"] = signed(TAG, other)
    with pytest.raises(NotGenuine, match="not signed"):
        played.mirror.latest(RELEASE, "amd64")


@pytest.mark.parametrize("junk", [b"", b"x", TAG.encode(), b"\x00" * 256, b"\xff" * 256, b"\xff" * 300])
def test_what_is_no_signature_is_refused(played, junk):
    played.offer()
    played.files[f"{FOLDER}/latest.ssl"] = junk
    with pytest.raises(NotGenuine):
        played.mirror.latest(RELEASE, "amd64")


@pytest.mark.parametrize(
    "text",
    [
        "", "\n", "portsnap|1743465600|x\n", TAG + TAG, TAG.replace("|6|", "|-6|"),
        TAG.replace("|6|", "|6000|"), TAG.replace("abab", "xyxy"), TAG.replace("1743465600", "soon"),
        "x" + TAG, TAG.replace("amd64", "a b"),
    ],
)  # fmt: skip
def test_a_signed_text_that_is_no_tag_is_refused(played, text):
    played.offer(text)
    with pytest.raises(NotGenuine, match="no tag"):
        played.mirror.latest(RELEASE, "amd64")


@pytest.mark.parametrize("other", [TAG.replace("14.1", "13.2"), TAG.replace("amd64", "arm64")])
def test_the_tag_of_another_release_does_not_pass_for_this_one(played, other):
    played.offer(other)
    with pytest.raises(NotGenuine, match="signed for"):
        played.mirror.latest(RELEASE, "amd64")


def test_a_key_of_another_kind_is_refused(played):
    played.offer()
    text = pem(ec.generate_private_key(ec.SECP256R1()))
    for content in (text, b"no key at all"):
        played.files[f"{FOLDER}/pub.ssl"] = content
        with pytest.raises(NotGenuine, match="key"):
            UpdateMirror(played.url, hashlib.sha256(content).hexdigest()).latest(RELEASE, "amd64")


def test_a_release_that_the_mirror_does_not_have_is_said_to_be_missing(played):
    with pytest.raises(NotOffered):
        played.mirror.latest(RELEASE, "amd64")


def test_a_redirect_is_not_followed(played):
    played.offer(folder="/elsewhere")
    played.moved[f"{FOLDER}/pub.ssl"] = f"{played.url}/elsewhere/pub.ssl"
    with pytest.raises(MirrorAway, match="status 301"):
        played.mirror.latest(RELEASE, "amd64")
    assert played.asked == [f"{FOLDER}/pub.ssl"]


def test_a_file_that_is_too_long_is_not_read_to_its_end(played):
    played.offer()
    played.files[f"{FOLDER}/latest.ssl"] = b"x" * 1_000_000
    with pytest.raises(NotGenuine, match="more than"):
        played.mirror.latest(RELEASE, "amd64")


def test_a_mirror_that_drips_is_given_up_in_time(played):
    played.drips = True
    began = time.monotonic()
    with pytest.raises(MirrorAway, match="longer than"):
        UpdateMirror(played.url, timeout_s=0.3).latest(RELEASE, "amd64")
    assert time.monotonic() - began < 5


def test_a_mirror_that_is_not_there_is_said_so():
    with pytest.raises(MirrorAway, match=r"could not be reached: Connection refused\.$"):
        UpdateMirror("http://127.0.0.1:9").latest(RELEASE, "amd64")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "file:///etc/passwd",
        "ftp://x",
        "http://",
        "http://x/",
        "http://x/../y",
        "http://x y",
        "http://a@b",
    ],
)
def test_what_is_no_mirror_is_refused(url):
    with pytest.raises(InvalidInput):
        UpdateMirror(url)


@pytest.mark.parametrize(
    ("release", "arch"),
    [
        ("15.0-CURRENT", "amd64"),
        ("14.1-STABLE", "amd64"),
        ("14.1-RELEASE", "../../x"),
        ("14.1-RELEASE", "a\r\nb"),
    ],
)
def test_nothing_is_asked_for_what_has_no_updates(played, release, arch):
    with pytest.raises(InvalidInput):
        played.mirror.latest(Release.parse(release), arch)
    assert played.asked == []
