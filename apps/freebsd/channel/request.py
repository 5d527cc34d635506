"""One request to an agent: its words checked, its answer collected. Shared by every kind of channel."""

from __future__ import annotations

import asyncio
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from apps.freebsd.channel import Answer, OnBytes
from apps.freebsd.errors import AgentMissing, HostUnreachable, InvalidInput, ParseError

if TYPE_CHECKING:
    from collections.abc import Callable

_WORD = re.compile(r"[A-Za-z0-9_./@:=+-]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]+")
_LINE_BYTES = 8192
_HIGH_WATER_BYTES = 256 * 1024
_LOW_WATER_BYTES = 64 * 1024
_STDOUT_LIMIT_BYTES = 32 * 1024 * 1024
_STDERR_KEPT_BYTES = 64 * 1024
_WHOLE_ANSWER = 3
_NOT_EXECUTABLE = 126
_NOT_FOUND = 127


@dataclass(frozen=True, slots=True)
class Piece:
    """Some bytes of one of the two output streams."""

    data: bytes
    is_error: bool


def check_words(words: tuple[str, ...]) -> tuple[str, ...]:
    """Return `words` when no shell and no option parser can read more into them than is there.

    Raises:
        InvalidInput: A word is empty, holds another character, or the verb looks like an option.
    """
    if not words or words[0].startswith("-") or not all(map(_WORD.fullmatch, words)):
        raise InvalidInput("This cannot be sent to a host: it holds characters that a request may not have.")
    if sum(map(len, words)) + len(words) > _LINE_BYTES:
        raise InvalidInput("This cannot be sent to a host: it is too long.")
    return words


def plain_text(raw: bytes, limit: int = 300) -> str:
    """Return what a host said as one line for a message, without control characters."""
    text = _CONTROL.sub(" ", raw.decode("utf-8", "replace")).strip()
    return text if len(text) <= limit else text[: limit - 1] + "…"


def check_agent_there(status: int, stderr: bytes) -> None:
    """Tell a missing agent from one that answered.

    A POSIX shell ends with 127 or 126, csh (root's shell before FreeBSD 14) and nologin with 1.

    Raises:
        AgentMissing: What answered is a shell that did not find or may not run the agent.
    """
    said = plain_text(stderr)
    shell_says_no = re.search(r"not found|not available|Permission denied", said) is not None
    if status in (_NOT_FOUND, _NOT_EXECUTABLE) or (status == 1 and shell_says_no):
        raise AgentMissing(
            f"jailpanel-agent is not installed on the host, or may not run there. It said: {said}"
        )


class Inbox:
    """What a host sends, queued until it is read; the sender is paused while too much is waiting."""

    def __init__(self, pause: Callable[[], None], resume: Callable[[], None]) -> None:
        self._pause, self._resume = pause, resume
        self._pieces: asyncio.Queue[Piece | None] = asyncio.Queue()
        self._waiting_bytes = 0
        self._paused = False

    def put(self, data: bytes, *, is_error: bool) -> None:
        """Queue what has just come."""
        self._pieces.put_nowait(Piece(data, is_error))
        self._waiting_bytes += len(data)
        if self._waiting_bytes > _HIGH_WATER_BYTES and not self._paused:
            self._paused = True
            self._pause()

    def end(self) -> None:
        """Say that nothing more will come."""
        self._pieces.put_nowait(None)

    async def get(self) -> Piece | None:
        """Return the next piece, or None at the end."""
        piece = await self._pieces.get()
        if piece is not None:
            self._waiting_bytes -= len(piece.data)
            if self._paused and self._waiting_bytes < _LOW_WATER_BYTES:
                self._paused = False
                self._resume()
        return piece


async def collect(inbox: Inbox, *, timeout_s: float, on_bytes: OnBytes | None) -> tuple[bytes, bytes]:
    """Read to the end; return standard output (empty when streamed) and the last part of standard error.

    Args:
        inbox: Where the bytes arrive.
        timeout_s: Seconds of silence allowed. Time that `on_bytes` takes does not count.
        on_bytes: Takes each piece of standard output. Without it the whole answer has to be there within
            three times as long: a host that drips byte by byte holds up whoever waits for it no longer.

    Raises:
        HostUnreachable: Silence for `timeout_s`, or an answer that does not end.
        ParseError: The answer is larger than any honest one.
    """
    stdout, stderr = bytearray(), bytearray()
    now = asyncio.get_running_loop().time
    last = math.inf if on_bytes else now() + _WHOLE_ANSWER * timeout_s
    try:
        async with asyncio.timeout(timeout_s) as silence:
            while (piece := await inbox.get()) is not None:
                if piece.is_error:
                    stderr += piece.data
                    del stderr[:-_STDERR_KEPT_BYTES]
                elif on_bytes is not None:
                    silence.reschedule(None)
                    await on_bytes(piece.data)
                else:
                    stdout += piece.data
                    _check_size(stdout)
                silence.reschedule(min(now() + timeout_s, last))
    except TimeoutError:
        if silence.expired() and now() >= last:
            raise HostUnreachable(
                f"The host has not finished its answer within {_WHOLE_ANSWER * timeout_s:g} seconds."
            ) from None
        if silence.expired():
            raise HostUnreachable(f"The host has not answered for {timeout_s:g} seconds.") from None
        raise
    return bytes(stdout), bytes(stderr)


def _check_size(stdout: bytearray) -> None:
    if len(stdout) > _STDOUT_LIMIT_BYTES:
        raise ParseError("The host's answer is too large to be one: more than 32 MB.")


def answer(status: int, stdout: bytes, stderr: bytes) -> Answer:
    """Return the answer of an agent that is really there.

    Raises:
        AgentMissing: As `check_agent_there`.
    """
    check_agent_there(status, stderr)
    return Answer(status=status, stdout=stdout, stderr=stderr)
