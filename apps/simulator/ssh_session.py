"""A command over a simulated machine's SSH, as sshd runs it: from its request to its exit status."""

from __future__ import annotations

import asyncio
import logging
import shlex
from typing import TYPE_CHECKING

import asyncssh

from apps.simulator import agent, inprocess
from apps.simulator.call import Call
from apps.simulator.faults import Fault
from apps.simulator.ipfw import reach
from apps.simulator.shell.run import Shell
from apps.simulator.shell.streams import Input, Streams

if TYPE_CHECKING:
    from apps.simulator.ssh import Connection

LOG = logging.getLogger(__name__)
USER = "root"
QUEUE_CHUNKS = 64
KILLED = 137
LOGIN = {
    "PATH": "/sbin:/bin:/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin:/root/bin",
    "HOME": "/root",
    "SHELL": "/bin/sh",
    "USER": USER,
    "LOGNAME": USER,
    "MAIL": "/var/mail/root",
}


class Session(asyncssh.SSHServerSession[bytes]):
    """One command, from its request to its exit status."""

    def __init__(self, connection: Connection) -> None:
        """Wait for what is asked."""
        self._connection = connection
        self._channel: asyncssh.SSHServerChannel[bytes] | None = None
        self._command: str | None = None
        self._input: asyncio.Queue[bytes] = asyncio.Queue()
        self._ended = False
        self._writable = asyncio.Event()
        self._writable.set()
        self._task: asyncio.Task[None] | None = None

    def connection_made(self, chan: asyncssh.SSHServerChannel[bytes]) -> None:
        """Take the channel."""
        self._channel = chan

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncssh's signature
        """End what runs in the simulator; the agent's script is left to itself, as sshd leaves it."""
        if self._task is not None:
            self._task.cancel()

    def shell_requested(self) -> bool:
        """Read a script from the client."""
        return True

    def exec_requested(self, command: str) -> bool:
        """Run one line."""
        self._command = command
        return True

    def session_started(self) -> None:
        """Begin."""
        self._task = asyncio.ensure_future(self._run())
        self._connection.sshd.sessions.add(self._task)
        self._task.add_done_callback(self._connection.sshd.sessions.discard)

    def data_received(self, data: bytes, datatype: int | None) -> None:  # noqa: ARG002 - likewise
        """Keep what the client sends until the command reads it."""
        self._input.put_nowait(data)
        if self._channel is not None and self._input.qsize() > QUEUE_CHUNKS:
            self._channel.pause_reading()

    def eof_received(self) -> bool:
        """Note the end of input; output goes on."""
        self._input.put_nowait(b"")
        return True

    def pause_writing(self) -> None:
        """Stop, the client is slow."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """Go on."""
        self._writable.set()

    async def _read(self) -> bytes:
        if self._ended:
            return b""
        data = await self._input.get()
        self._ended = not data
        if self._channel is not None and self._input.empty():
            self._channel.resume_reading()
        return data

    async def _out(self, data: bytes) -> None:
        await self._put(data, None)

    async def _err(self, data: bytes) -> None:
        await self._put(data, asyncssh.EXTENDED_DATA_STDERR)

    async def _put(self, data: bytes, kind: int | None) -> None:
        """Send output, as far as firewall and faults of the moment let it through."""
        await self._connection.sshd.audible.wait()
        await self._connection.road.wait()
        await self._writable.wait()
        connection, channel = self._connection, self._channel
        if channel is None or channel.is_closing():
            raise ConnectionResetError
        if connection.left is None:
            channel.write(data, kind)
            return
        channel.write(data[: connection.left], kind)
        connection.left -= len(data)
        if connection.left <= 0:
            connection.cut()

    async def _run(self) -> None:
        """Run the command and send its status."""
        status = KILLED
        try:
            status = await self._perform()
        except (Fault, ConnectionError):
            pass
        except Exception:
            LOG.exception("%s failed", self._command)
        finally:
            self._connection.sshd.ended()
        await self._connection.sshd.audible.wait()
        await self._connection.road.wait()
        if self._channel is not None and not self._channel.is_closing():
            self._channel.exit(status & 0xFF)

    async def _perform(self) -> int:
        forced = self._connection.options.get("command")
        line = forced if isinstance(forced, str) else self._command
        call = self._call(forced=isinstance(forced, str))
        streams = Streams(Input(call.read), call.sink_out, call.sink_err)
        if line is None:
            text = (await call.stdin()).decode("utf-8", "surrogateescape")
            return await Shell(call).run(text, streams)
        if self._connection.sshd.in_process and shlex.split(line) == [agent.AGENT]:
            return await inprocess.run(call)
        return await Shell(call).run(line, streams)

    def _call(self, *, forced: bool) -> Call:
        machine = self._connection.sshd.machine
        client, server = machine.spec.panel, reach.own_address(machine) or "127.0.0.1"
        port = self._connection.peer[1]
        ends = {"SSH_CLIENT": f"{client} {port} 22", "SSH_CONNECTION": f"{client} {port} {server} 22"}
        env = LOGIN | ends
        if forced and self._command is not None:
            env["SSH_ORIGINAL_COMMAND"] = self._command
        return Call(("sh",), machine, self._out, self._err, env=env, cwd="/root", read=self._read)
