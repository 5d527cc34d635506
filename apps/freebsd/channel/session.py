"""One agent request as one SSH session."""

from __future__ import annotations

import contextlib

import asyncssh

from apps.freebsd.channel.request import Inbox
from apps.freebsd.errors import ConnectionLost


class RequestSession(asyncssh.SSHClientSession[bytes]):
    """Collects what one remote command says and how it ended."""

    inbox: Inbox

    def __init__(self) -> None:
        self._channel: asyncssh.SSHClientChannel[bytes] | None = None
        self._status: int | None = None
        self._signal: str | None = None
        self._ended = False

    @property
    def opened(self) -> bool:
        """Whether the host gave us a session: from then on it may have the command."""
        return self._channel is not None

    @property
    def refused(self) -> bool:
        """Whether the host gave us a session but not the command in it, while the line lived on."""
        return self.opened and not self._ended

    def connection_made(self, chan: asyncssh.SSHClientChannel[bytes]) -> None:
        """Note the channel: called when the host has opened it, before the command is sent."""
        self._channel = chan
        self.inbox = Inbox(chan.pause_reading, chan.resume_reading)

    def data_received(self, data: bytes, datatype: asyncssh.DataType) -> None:
        """Queue what came."""
        self.inbox.put(data, is_error=datatype is not None)

    def exit_status_received(self, status: int) -> None:
        """Keep the status; output may still follow."""
        self._status = status

    def exit_signal_received(self, signal: str, core_dumped: bool, msg: str, lang: str) -> None:  # noqa: ARG002
        """Keep the signal's name."""
        self._signal = signal

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  the absent exit status says it all
        """End the inbox: the channel is closed, or the whole line is gone."""
        self._ended = True
        self.inbox.end()

    def send(self, stdin: bytes) -> None:
        """Send all of standard input and its end; an agent that refuses may have closed it."""
        if self._channel is not None:
            with contextlib.suppress(OSError):
                self._channel.write(stdin)
                self._channel.write_eof()

    def abort(self) -> None:
        """Close the channel from our side, without waiting."""
        if self._channel is not None and not self._ended:
            self._channel.abort()

    def status(self) -> int:
        """Return the exit status.

        Raises:
            ConnectionLost: There is none: the line went away, or the agent was killed.
        """
        if self._status is not None:
            return self._status
        if self._signal is not None:
            raise ConnectionLost(
                f"The host ended jailpanel-agent with SIG{self._signal} before its answer was whole."
            )
        raise ConnectionLost("The line to the host was lost before its answer was whole.")
