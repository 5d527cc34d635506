"""What a command in a simulated shell reads from and writes to."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apps.simulator.call import Sink, Source
    from apps.simulator.files import Files

PIPE_CHUNKS = 16


class BrokenPipe(Exception):
    """Nobody reads what is written: SIGPIPE."""


class Input:
    """Standard input that several commands read from, one after the other, a chunk or a line at a time."""

    def __init__(self, source: Source) -> None:
        """Read from a source."""
        self._source = source
        self._kept = b""

    async def __call__(self) -> bytes:
        """Give the next chunk, empty at the end."""
        kept, self._kept = self._kept, b""
        return kept or await self._source()

    async def line(self) -> bytes:
        """Give the next line with its newline; what is behind it stays for the next reader."""
        text = b""
        while b"\n" not in text:
            chunk = await self()
            if not chunk:
                return text
            text += chunk
        line, _, self._kept = text.partition(b"\n")
        return line + b"\n"


def given(data: bytes) -> Input:
    """Make an input that holds these bytes."""
    left = [data] if data else []

    async def source() -> bytes:
        return left.pop() if left else b""

    return Input(source)


async def discard(_data: bytes) -> None:
    """Be /dev/null."""


@dataclass(slots=True)
class Streams:
    """The three descriptors of a command."""

    read: Input
    out: Sink
    err: Sink


class Pipe:
    """A pipe between two commands: its writer waits for its reader, and dies without one."""

    def __init__(self) -> None:
        """Make an empty pipe."""
        self._chunks: asyncio.Queue[bytes] = asyncio.Queue(PIPE_CHUNKS)
        self._unread = asyncio.Event()
        self._ended = False

    async def write(self, data: bytes) -> None:
        """Put data in.

        Raises:
            BrokenPipe: the reader has gone.
        """
        if not data:
            return
        put, gone = asyncio.ensure_future(self._chunks.put(data)), asyncio.ensure_future(self._unread.wait())
        try:
            await asyncio.wait((put, gone), return_when=asyncio.FIRST_COMPLETED)
        finally:
            put.cancel()
            gone.cancel()
        if self._unread.is_set():
            raise BrokenPipe

    async def read(self) -> bytes:
        """Take data out; empty when the writer has ended."""
        if self._ended:
            return b""
        data = await self._chunks.get()
        self._ended = not data
        return data

    async def end(self) -> None:
        """Say that nothing more is written."""
        if not self._unread.is_set():
            await self._chunks.put(b"")

    def close(self) -> None:
        """Say that nothing more is read."""
        self._unread.set()


class FileSink:
    """A file that output is redirected to."""

    def __init__(self, files: Files, path: str, *, append: bool) -> None:
        """Open the file, emptying it unless output is appended.

        Raises:
            OSError: it cannot be written.
        """
        self._files = files
        self._path = path
        if append:
            files.append_text(path, "")
        else:
            files.write_bytes(path, b"")

    async def __call__(self, data: bytes) -> None:
        """Write at the file's end."""
        self._files.append_text(self._path, data.decode("utf-8", "surrogateescape"))
