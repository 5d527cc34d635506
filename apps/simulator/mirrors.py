"""What a simulated host reaches over the network: FreeBSD's mirrors, and the machine below itself.

Source: reference ezjail.md §6.1 (the paths on the servers).
"""

from __future__ import annotations

import asyncio
import http.client
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from apps.simulator import world

if TYPE_CHECKING:
    from collections.abc import Iterable

    from apps.simulator.machine import Machine

SIZES_KB = {"base": 202_000, "lib32": 62_000, "src": 204_000, "ports": 52_000}
PROCESSORS = {"amd64": "amd64", "arm64": "aarch64", "i386": "i386"}
TIMEOUT_S = 10
_PLACES = {
    "https": r"/(?:ftp/)?releases|/old-releases",
    "http": r"/(?:ftp/)?releases|/pub/FreeBSD/releases",
    "ftp": r"/pub/FreeBSD/releases",
}
_SET = r"/(?P<arch>[a-z0-9]+)/(?P<target>[a-z0-9]+)/(?P<release>[0-9][^/]*)/(?P<set>[a-z0-9]+)\.txz"
_MANIFEST = r"/(?P<arch>[a-z0-9]+)/(?P<target>[a-z0-9]+)/(?P<release>[0-9][^/]*)/MANIFEST"
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a server gave.

    Attributes:
        data: the file.
        size_kb: how large it claims to be, which decides how long it takes.
    """

    data: bytes
    size_kb: int


class NotFetched(Exception):
    """A server gave nothing; the text is what fetch(1) says behind the URL."""


async def get(machine: Machine, url: str) -> Fetched:
    """Get a file.

    Args:
        machine: who asks; what the mirrors have is in its spec.
        url: where.

    Raises:
        NotFetched: there is no such server, or no such file.
    """
    parts = urlsplit(url)
    if parts.scheme == "file":
        return _local(machine, parts.path)
    if machine.faults.fetch_fails:
        raise NotFetched("Network is unreachable")
    if parts.scheme in {"http", "https"} and parts.hostname in _LOOPBACK:
        return await asyncio.to_thread(_really, url)
    if parts.scheme not in _PLACES:
        raise NotFetched("URL scheme not supported" if "://" in url else "Malformed URL")
    if not (parts.hostname or "").endswith("freebsd.org"):
        raise NotFetched("No address record")
    return _mirrored(machine, parts.scheme, parts.path)


def _local(machine: Machine, path: str) -> Fetched:
    if not machine.files.is_file(path):
        raise NotFetched("No such file or directory")
    data = machine.files.read_bytes(path)
    return Fetched(data, len(data) // 1024)


def write_manifests(folder: Path, releases: Iterable[str], *, sets: bool = False) -> None:
    """Lay the MANIFESTs of releases into a folder as a mirror has them: for a panel without a way out.

    Args:
        folder: where; made when missing.
        releases: such as "13.2-RELEASE".
        sets: with the sets themselves.
    """
    for release in releases:
        for arch in ("amd64", "arm64"):
            place = folder / arch / PROCESSORS[arch] / release
            place.mkdir(parents=True, exist_ok=True)
            (place / "MANIFEST").write_text(world.manifest(release, arch))
            for name in world.SETS if sets else ():
                (place / f"{name}.txz").write_text(world.set_text(name, release))


def _mirrored(machine: Machine, scheme: str, path: str) -> Fetched:
    asked = re.fullmatch(f"(?:{_PLACES[scheme]}){_MANIFEST}", path)
    if asked and asked["release"] in machine.spec.fetchable:
        return Fetched(world.manifest(asked["release"], asked["arch"]).encode(), 1)
    match = re.fullmatch(f"(?:{_PLACES[scheme]}){_SET}", path)
    arch = machine.spec.arch
    if (
        match is None
        or match["arch"] != arch
        or match["set"] not in SIZES_KB
        or (match["set"] == "lib32" and arch != "amd64")
        or match["release"] not in machine.spec.fetchable
    ):
        raise NotFetched(
            "Not Found" if scheme.startswith("http") else "File unavailable (e.g., file not found, no access)"
        )
    text = world.set_text(match["set"], match["release"])
    return Fetched(text.encode(), SIZES_KB[match["set"]])


def _really(url: str) -> Fetched:
    """Ask a server on the machine below: a panel that hands out its agent, say."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    line = kind(parts.hostname or "", parts.port, timeout=TIMEOUT_S)
    try:
        line.request("GET", parts.path + (f"?{parts.query}" if parts.query else ""))
        answer = line.getresponse()
        data = answer.read()
    except OSError as error:
        raise NotFetched(error.strerror or "Connection refused") from error
    finally:
        line.close()
    if answer.status != http.HTTPStatus.OK:
        raise NotFetched(http.client.responses.get(answer.status, "Unknown HTTP error"))
    return Fetched(data, len(data) // 1024)
