"""The panel's own machine: the agent started through doas or sudo."""

from __future__ import annotations

import asyncio
import contextlib
import re
from typing import TYPE_CHECKING, cast

from apps.freebsd.channel.request import Inbox, answer, check_words, collect, plain_text
from apps.freebsd.errors import AccessRefused, AgentMissing, ConnectionLost

if TYPE_CHECKING:
    from apps.freebsd.channel import Answer, OnBytes

_STDIN, _STDOUT, _STDERR = 0, 1, 2
_REAP_S = 1.0
_ENVIRONMENT = {"PATH": "/sbin:/bin:/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin", "LC_ALL": "C"}
_REFUSED = re.compile(
    rb"password is required|Authorization|not permitted|not allowed to|not in the sudoers"
    rb"|terminal is required|have a tty"
)


class LocalChannel:
    """Runs the agent on this machine.

    Args:
        argv_prefix: What comes before the request's words: ("doas", "-n", path of jailpanel-agent).
    """

    def __init__(self, argv_prefix: tuple[str, ...]) -> None:
        self._prefix = argv_prefix

    async def request(
        self, words: tuple[str, ...], *, stdin: bytes = b"", timeout_s: float, on_bytes: OnBytes | None = None
    ) -> Answer:
        """Run the agent once: see `Channel.request`."""
        argv = (*self._prefix, *check_words(words))
        process = await self._spawn(argv)
        try:
            process.send(stdin)
            stdout, stderr = await collect(process.inbox, timeout_s=timeout_s, on_bytes=on_bytes)
        finally:
            await process.end()
        status = process.status()
        if status == 1 and _REFUSED.search(stderr):
            raise AccessRefused(
                f"{self._prefix[0]} does not let the panel run the agent: {plain_text(stderr)}"
            )
        return answer(status, stdout, stderr)

    async def close(self) -> None:
        """Nothing is kept open."""

    async def _spawn(self, argv: tuple[str, ...]) -> _AgentProcess:
        loop = asyncio.get_running_loop()
        try:
            _, process = await loop.subprocess_exec(_AgentProcess, *argv, cwd="/", env=_ENVIRONMENT)
        except OSError as error:
            raise AgentMissing(
                f"{argv[0]} cannot be started on the panel's machine: {error.strerror}."
            ) from None
        return process


class _AgentProcess(asyncio.SubprocessProtocol):
    """Collects what the agent says and how it ended."""

    inbox: Inbox

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.SubprocessTransport", transport)
        self._gone = asyncio.Event()
        self.inbox = Inbox(self._pause, self._resume)

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        self.inbox.put(data, is_error=fd == _STDERR)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  the exit status says it all
        self._gone.set()
        self.inbox.end()

    def send(self, stdin: bytes) -> None:
        pipe = cast("asyncio.WriteTransport", self._transport.get_pipe_transport(_STDIN))
        pipe.write(stdin)
        pipe.close()

    async def end(self) -> None:
        """Let go of it. What runs as root cannot be killed from here, but finds its pipes closed."""
        with contextlib.suppress(PermissionError, TimeoutError):
            self._transport.close()
            async with asyncio.timeout(_REAP_S):
                await self._gone.wait()

    def status(self) -> int:
        status = self._transport.get_returncode()
        if status is None or status < 0:
            raise ConnectionLost("jailpanel-agent was ended before its answer was whole.")
        return status

    def _pause(self) -> None:
        for pipe in self._output_pipes():
            pipe.pause_reading()

    def _resume(self) -> None:
        for pipe in self._output_pipes():
            pipe.resume_reading()

    def _output_pipes(self) -> list[asyncio.ReadTransport]:
        pipes = (self._transport.get_pipe_transport(fd) for fd in (_STDOUT, _STDERR))
        return [
            cast("asyncio.ReadTransport", pipe)
            for pipe in pipes
            if pipe is not None and not pipe.is_closing()
        ]
