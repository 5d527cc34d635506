"""Large files of a host, in pieces: the agent's verbs pull, sum, push, place and drop."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from apps.freebsd.channel.answers import EX_NOINPUT, EX_TEMPFAIL, expect_success, failure, no_such_file
from apps.freebsd.channel.request import plain_text
from apps.freebsd.errors import Conflict, ParseError

if TYPE_CHECKING:
    from apps.freebsd.channel import Answer, Channel

MAX_PIECE_BYTES = 16 * 1024 * 1024  # the agent takes and gives no longer one

_SHORT_S = 20.0
_PULSE_S = 40.0  # reading a large file through: the agent gives a sign of life every ten seconds
_PUSH_S = 30.0  # and the time that its bytes take over the slowest line that we reckon with
_SLOWEST_BYTES_S = 32 * 1024
_SAID_BYTES = 4096

_HASH = re.compile(r"[0-9a-f]{64}")
_SIZE = re.compile(rb"size ([0-9]{1,15})\n")


@dataclass(frozen=True, slots=True)
class Piece:
    """Some bytes of a large file, and how long the whole file is."""

    data: bytes
    size: int


@dataclass(frozen=True, slots=True)
class Arrived:
    """How much of a large file a host has.

    Args:
        size: Bytes that have come.
        is_placed: Whether a file of that name is there as a whole; `size` is then 0.
    """

    size: int
    is_placed: bool = False


class LargeFiles:
    """What a host has, or gets, of large files.

    Args:
        channel: The way to it.
    """

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    async def pull(self, path: str, offset: int, limit: int) -> Piece:
        """Return a piece of a large file, and how long the file is; with a limit of 0 only that.

        Args:
            path: Which file.
            offset: From which byte on.
            limit: Bytes at most.

        Raises:
            NoSuchFile: It does not exist.
            RequestRefused: It is not on the agent's list.
        """
        data = bytearray()

        async def take(piece: bytes) -> None:
            data.extend(piece)
            if len(data) > limit:
                raise ParseError("The host sent more of a file than it was asked for.")

        words = ("pull", path, str(offset), str(limit))
        answer = await self._channel.request(words, timeout_s=_PULSE_S, on_bytes=take)
        if answer.status == EX_NOINPUT:
            raise no_such_file(path)
        expect_success(answer, "pull")
        return Piece(bytes(data), _size(answer.stderr, "pull"))

    async def sum(self, path: str) -> str:
        """Return the SHA-256, in hex, of a large file.

        Raises:
            NoSuchFile: It does not exist.
            RequestRefused: It is not on the agent's list.
        """
        answer = await self._patiently(("sum", path))
        if answer.status == EX_NOINPUT:
            raise no_such_file(path)
        expect_success(answer, "sum")
        found = answer.stdout.decode("ascii", "replace").strip()
        if not _HASH.fullmatch(found):
            raise ParseError(f"The host's answer to “sum” makes no sense: {plain_text(answer.stdout)}")
        return found

    async def push(self, path: str, offset: int, data: bytes, user: str, job: str) -> Arrived:
        """Append a piece to what a host has of a large file, if that is `offset` long.

        Args:
            path: Which file.
            offset: Where the piece belongs.
            data: The piece; an empty one asks how much has come.
            user: Who asked, for the host's log.
            job: Which job, for the host's log.

        Returns:
            How much the host has now; nothing was appended when that is not `offset` and the piece together.

        Raises:
            RequestRefused: The file is not on the agent's list, or the piece was cut short.
            CommandFailed: The host could not keep it.
        """
        timeout_s = _PUSH_S + len(data) / _SLOWEST_BYTES_S
        words = ("push", path, str(offset), str(len(data)), user, job)
        answer = await self._channel.request(words, stdin=data, timeout_s=timeout_s)
        if answer.status == EX_TEMPFAIL and answer.stdout == b"placed\n":
            return Arrived(0, is_placed=True)
        if answer.status not in (0, EX_TEMPFAIL):
            raise failure(answer, "push")
        return Arrived(_size(answer.stdout, "push"))

    async def place(self, path: str, size: int, sha256: str, user: str, job: str) -> None:
        """Give what has come of a large file its name, once it is what it should be; done twice is done once.

        Args:
            path: Which file.
            size: How long it has to be, in bytes.
            sha256: Its SHA-256 in hex; empty when nobody knows it.
            user: Who asked, for the host's log.
            job: Which job, for the host's log.

        Raises:
            Conflict: Another file has that name on the host.
            RequestRefused: It is not whole, or not what was sent; then the host has thrown it away.
            CommandFailed: The host could not do it.
        """
        answer = await self._patiently(("place", path, str(size), sha256 or "-", user, job))
        if answer.status == EX_TEMPFAIL:
            raise Conflict(f"The host has another file {path}, which is not written over.")
        expect_success(answer, "place")

    async def drop(self, path: str, user: str, job: str) -> None:
        """Take away what has come of a large file that has not got its name yet.

        Raises:
            RequestRefused: It is not on the agent's list.
        """
        answer = await self._channel.request(("drop", path, user, job), timeout_s=_SHORT_S)
        expect_success(answer, "drop")

    async def _patiently(self, words: tuple[str, ...]) -> Answer:
        """Ask for what takes as long as the file is long; signs of life come meanwhile."""
        said = bytearray()

        async def take(piece: bytes) -> None:
            said.extend(piece)

        answer = await self._channel.request(words, timeout_s=_PULSE_S, on_bytes=take)
        return replace(answer, stdout=bytes(said[:_SAID_BYTES]))


def _size(text: bytes, verb: str) -> int:
    found = _SIZE.match(text)
    if found is None:
        raise ParseError(f"The host's answer to “{verb}” makes no sense: {plain_text(text)}")
    return int(found[1])
