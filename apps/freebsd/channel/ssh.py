"""A host behind SSH: one kept connection, many requests, only the pinned key."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import asyncssh

from apps.freebsd.channel.keys import fingerprint, make_key_pair, scan_host_key
from apps.freebsd.channel.line import Line, open_line
from apps.freebsd.channel.request import answer, check_words, collect, plain_text
from apps.freebsd.channel.session import RequestSession
from apps.freebsd.errors import AccessRefused, ConnectionLost, HostUnreachable, InvalidInput

if TYPE_CHECKING:
    from pathlib import Path

    from apps.freebsd.channel import Answer, OnBytes

__all__ = ["SshChannel", "SshTarget", "fingerprint", "make_key_pair", "scan_host_key"]

_SESSIONS = 8  # OpenSSH refuses the eleventh of one connection (MaxSessions)


@dataclass(frozen=True, slots=True)
class SshTarget:
    """Which host, as whom, and which key it must show.

    Args:
        address: Host name or address.
        port: TCP port of its SSH server.
        user: Whom to sign in as.
        host_key: The pinned public key line; None until someone has compared the fingerprint.
        private_key_path: The panel's own key.
    """

    address: str
    port: int
    user: str
    host_key: str | None
    private_key_path: Path


class SshChannel:
    """The channel to one host. Its coroutines all belong to one event loop.

    Args:
        target: Where to and which key is pinned.
        connect_timeout_s: Seconds for connecting and signing in, and for an open line to take a request.
        idle_s: Seconds without a request after which the connection is let go.
    """

    def __init__(self, target: SshTarget, connect_timeout_s: float = 10.0, idle_s: float = 900.0) -> None:
        self.target = target
        self._connect_timeout_s = connect_timeout_s
        self._idle_s = idle_s
        self._sessions = asyncio.Semaphore(_SESSIONS)
        self._line: Line | None = None
        self._opening: asyncio.Task[Line] | None = None

    async def request(
        self, words: tuple[str, ...], *, stdin: bytes = b"", timeout_s: float, on_bytes: OnBytes | None = None
    ) -> Answer:
        """Send one agent request and wait for its end: see `Channel.request`."""
        command = " ".join(check_words(words))
        if self.target.host_key is None:
            raise InvalidInput("Nobody has confirmed this host's key yet: compare its fingerprint first.")
        try:
            async with asyncio.timeout(timeout_s) as turn, self._sessions:
                turn.reschedule(None)
                return await self._request(command, stdin, timeout_s, on_bytes)
        except TimeoutError:
            if turn.expired():
                raise HostUnreachable(
                    "The panel is waiting for too many answers of this host already."
                ) from None
            raise

    async def close(self) -> None:
        """Let go of the connection; requests in flight end with ConnectionLost."""
        opening, line = self._opening, self._line
        self._opening = self._line = None
        if opening is not None:
            opening.cancel()
            await asyncio.wait([opening], timeout=self._connect_timeout_s)
        if line is not None:
            await line.close()

    async def _request(
        self, command: str, stdin: bytes, timeout_s: float, on_bytes: OnBytes | None
    ) -> Answer:
        line, session = await self._open_session(command, timeout_s)
        try:
            session.send(stdin)
            stdout, stderr = await collect(session.inbox, timeout_s=timeout_s, on_bytes=on_bytes)
        finally:
            session.abort()
            self._release(line)
        return answer(session.status(), stdout, stderr)

    async def _open_session(self, command: str, timeout_s: float) -> tuple[Line, RequestSession]:
        """Begin the command; a kept connection found dead before it has taken anything is opened anew."""
        kept = self._line is not None and not self._line.is_closed()
        line = await self._connected()
        limit_s = min(timeout_s, self._connect_timeout_s)
        try:
            return line, await self._begin(line, command, limit_s)
        except ConnectionLost:
            raise
        except HostUnreachable:
            if not kept:
                raise
        line = await self._connected()
        return line, await self._begin(line, command, limit_s)

    async def _begin(self, line: Line, command: str, timeout_s: float) -> RequestSession:
        """Start `command`; on failure the line is left, and ConnectionLost says that the host may have it."""
        session = RequestSession()
        line.taken()
        try:
            async with asyncio.timeout(timeout_s):
                await line.connection.create_session(lambda: session, command, encoding=None)
        except BaseException as error:
            session.abort()
            self._retire(line)
            self._release(line)
            if isinstance(error, Exception):
                raise _begin_error(error, session, self.target.address) from None
            raise
        return session

    async def _connected(self) -> Line:
        """Return the open line, opening it when there is none; all who wait share one attempt."""
        if self._line is not None and not self._line.is_closed():
            return self._line
        if self._opening is None:
            self._opening = asyncio.create_task(self._open())
            self._opening.add_done_callback(_look_at)
        opening = self._opening
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            if opening.cancelled():
                raise HostUnreachable("The connection to the host was closed by the panel.") from None
            raise

    async def _open(self) -> Line:
        target = self.target
        try:
            self._line = await open_line(
                (target.address, target.port, target.user),
                host_key=target.host_key or "",
                private_key_path=target.private_key_path,
                timeout_s=self._connect_timeout_s,
            )
            return self._line
        finally:
            self._opening = None

    def _retire(self, line: Line) -> None:
        if self._line is line:
            self._line = None

    def _release(self, line: Line) -> None:
        """Give the line back: one that was left closes with its last request, the kept one after a while."""
        line.given_back(close_after_s=self._idle_s if line is self._line else 0)


def _look_at(task: asyncio.Task[Line]) -> None:
    """A failed attempt whose waiters have all gone is nobody's surprise."""
    with contextlib.suppress(asyncio.CancelledError):
        task.exception()


def _begin_error(error: Exception, session: RequestSession, address: str) -> HostUnreachable | AccessRefused:
    if isinstance(error, asyncssh.ChannelOpenError) and session.refused:
        return AccessRefused(f"{address} lets the panel in, but does not let it run the agent.")
    if session.opened:
        return ConnectionLost(f"The line to {address} was lost while a request was being handed over.")
    if isinstance(error, TimeoutError):
        return HostUnreachable(f"{address} does not answer over the open connection.")
    return HostUnreachable(f"{address} did not take the request: {plain_text(str(error).encode())}.")
