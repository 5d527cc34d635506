"""A tiny SSH server that does to a request whatever a test asks for."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import asyncssh
import pytest

from apps.freebsd.channel.keys import make_key_pair, public_line
from apps.freebsd.channel.ssh import SshChannel, SshTarget

if TYPE_CHECKING:
    from pathlib import Path

Process = asyncssh.SSHServerProcess[bytes]
Handler = Callable[[Process], Awaitable[None]]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@dataclass
class FakeHost:
    """What the server does and what it has seen."""

    private_key_path: Path
    host_keys: list[asyncssh.SSHKey]
    handlers: dict[str, Handler] = field(default_factory=dict)
    commands: list[str] = field(default_factory=list)
    connections: list[asyncssh.SSHServerConnection] = field(default_factory=list)
    allow: bool = True
    runs_commands: bool = True
    port: int = 0
    acceptor: asyncssh.SSHAcceptor | None = None

    async def listen(self) -> None:
        self.acceptor = await asyncssh.listen(
            "127.0.0.1",
            self.port,
            server_factory=lambda: _Server(self),
            server_host_keys=self.host_keys,
            process_factory=self.serve if self.runs_commands else None,
            encoding=None,
            config=None,
        )
        self.port = self.acceptor.get_port()

    async def stop(self) -> None:
        self.acceptor.close()
        for connection in list(self.connections):
            connection.abort()
            await connection.wait_closed()
        await self.acceptor.wait_closed()

    async def serve(self, process: Process) -> None:
        self.commands.append(process.command)
        handler = self.handlers.get(process.command.split()[0], echo)
        with contextlib.suppress(asyncssh.BreakReceived, asyncssh.ConnectionLost, BrokenPipeError):
            await handler(process)

    def target(self, **changes) -> SshTarget:
        values = {
            "address": "127.0.0.1",
            "port": self.port,
            "user": "jailpanel",
            "host_key": public_line(self.host_keys[0]),
            "private_key_path": self.private_key_path,
        }
        return SshTarget(**{**values, **changes})


class _Server(asyncssh.SSHServer):
    def __init__(self, host: FakeHost) -> None:
        self.host = host

    def connection_made(self, conn) -> None:
        self.host.connections.append(conn)

    def begin_auth(self, _username) -> bool:
        return True

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, _username, key) -> bool:
        ours = asyncssh.read_private_key(self.host.private_key_path)
        return self.host.allow and key.public_data == ours.public_data

    def session_requested(self):
        return _NoCommands()


class _NoCommands(asyncssh.SSHServerSession):
    def exec_requested(self, _command) -> bool:
        return False


async def echo(process: Process) -> None:
    """Answer with the command and what came on standard input."""
    stdin = await process.stdin.read()
    process.stdout.write(process.command.encode() + b"|" + stdin)
    process.stderr.write(b"said on stderr\n")
    process.exit(0)


@pytest.fixture(scope="session")
def key_path(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("panel") / "id_ed25519"
    make_key_pair(path)
    return path


@pytest.fixture
async def host(key_path) -> AsyncIterator[FakeHost]:
    fake = FakeHost(key_path, [asyncssh.generate_private_key("ssh-ed25519")])
    await fake.listen()
    yield fake
    await fake.stop()


@pytest.fixture
async def channel(host) -> AsyncIterator[SshChannel]:
    channel = SshChannel(host.target(), connect_timeout_s=5)
    yield channel
    await channel.close()


async def until(holds: Callable[[], bool], timeout_s: float = 5.0) -> None:
    """Wait until something holds, or fail."""
    async with asyncio.timeout(timeout_s):
        while not holds():  # noqa: ASYNC110  anything may be waited for
            await asyncio.sleep(0.005)
