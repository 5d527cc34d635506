"""A simulated machine's sshd: public keys from its own authorized_keys, commands as sshd runs them."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import stat
from typing import TYPE_CHECKING

import asyncssh

from apps.simulator.ipfw import reach
from apps.simulator.ssh_session import USER, Session

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from apps.simulator.machine import Machine

KEYS = "/root/.ssh/authorized_keys"
HOST_KEY = "/etc/ssh/ssh_host_ed25519_key"
OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def host_key(machine: Machine) -> asyncssh.SSHKey:
    """Read the machine's host key; one that it does not have yet is made, as sshd's rc script does."""
    files = machine.files
    if not files.is_file(HOST_KEY):
        key = asyncssh.generate_private_key("ssh-ed25519", comment=f"root@{machine.hostname}")
        files.write_bytes(HOST_KEY, key.export_private_key(), 0o600)
        files.write_bytes(f"{HOST_KEY}.pub", key.export_public_key())
    return asyncssh.import_private_key(files.read_bytes(HOST_KEY))


def key_options(machine: Machine, key: asyncssh.SSHKey, address: str) -> Mapping[str, object] | None:
    """Look a key up in the machine's authorized_keys.

    Args:
        machine: the host.
        key: what the client has.
        address: where it comes from, for `from=`.

    Returns:
        The entry's options; None when the key may not sign in. A file that others may write counts
        for nothing, as sshd's StrictModes has it.
    """
    files = machine.files
    if not files.is_file(KEYS) or any(
        files.lstat(path).st_mode & OTHERS_WRITE for path in (KEYS, "/root/.ssh", "/root")
    ):
        return None
    try:
        return asyncssh.import_authorized_keys(files.read_text(KEYS)).validate(key, address, address)
    except ValueError:
        return None


class Connection(asyncssh.SSHServer):
    """One client's connection.

    While the firewall lets none of its packets through it stalls: nothing is heard and nothing is said.
    """

    def __init__(self, sshd: Sshd) -> None:
        """Remember whose it is."""
        self.sshd = sshd
        self.options: Mapping[str, object] = {}
        self.left = sshd.machine.faults.drop_after_bytes
        self.road = asyncio.Event()
        self.road.set()
        self._line: asyncssh.SSHServerConnection | None = None
        self._greet: Callable[[], None] | None = None

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        """Note the connection; one whose packets do not get through is not greeted."""
        self._line = conn
        self.sshd.connections.add(self)
        if not self.sshd.gate.lets_in(self.peer[1]):
            self._greet = conn._send_version  # noqa: SLF001 - no public way to keep silent
            conn._send_version = lambda: None  # type: ignore[method-assign]  # noqa: SLF001
            self.road.clear()
            asyncio.get_running_loop().call_soon(self.settle)  # asyncio begins to read right after this

    def ask_anew(self) -> None:
        """Find out whether the rules, as they are now, let its packets through."""
        ask = self.sshd.gate.lets_in if self._greet else self.sshd.gate.lets_on
        (self.road.set if ask(self.peer[1]) else self.road.clear)()
        self.settle()

    def settle(self) -> None:
        """Be silent or speak, as faults and firewall have it."""
        self.freeze(frozen=self.sshd.machine.faults.hang or not self.road.is_set())
        if self._greet and self.road.is_set():
            greet, self._greet = self._greet, None
            greet()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncssh's signature
        """Forget the connection."""
        self.sshd.connections.discard(self)

    @property
    def peer(self) -> tuple[str, int]:
        """Where the client is."""
        host, port = self._line.get_extra_info("peername")[:2] if self._line else ("", 0)
        return str(host), int(port)

    def public_key_auth_supported(self) -> bool:
        """Keys are the only way in."""
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        """Let a key in that root's authorized_keys lists."""
        found = key_options(self.sshd.machine, key, self.peer[0]) if username == USER else None
        self.options = found or {}
        return found is not None

    def session_requested(self) -> Session:
        """Open a session for a command or a shell."""
        return Session(self)

    def cut(self) -> None:
        """Break the line without a word; what was written before still arrives."""
        if not self.road.is_set():
            self.freeze(frozen=False)
        line = self._line.get_extra_info("socket") if self._line else None
        if line is not None:
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    def freeze(self, *, frozen: bool) -> None:
        """Stop hearing what the client says, keep-alives among it; or hear it again."""
        transport = self._line._transport if self._line else None  # noqa: SLF001 - no public way to fall silent
        if transport is not None:
            (transport.pause_reading if frozen else transport.resume_reading)()


class Sshd:
    """The SSH server of one machine.

    Attributes:
        machine: whom it belongs to.
        address: where it listens.
        port: its TCP port; 0 until it has one.
        in_process: the agent's reading verbs are answered without a process.
        ended: called after each command.
        connections: those that are open.
        sessions: what runs.
        audible: not set while the machine hangs.
        gate: asks the firewall.
    """

    def __init__(
        self,
        machine: Machine,
        address: str = "127.0.0.1",
        port: int = 0,
        *,
        in_process: bool = False,
        ended: Callable[[], None] = lambda: None,
    ) -> None:
        """Prepare; `open` listens."""
        self.machine = machine
        self.address = address
        self.port = port
        self.in_process = in_process
        self.ended = ended
        self.connections: set[Connection] = set()
        self.sessions: set[asyncio.Task[None]] = set()
        self.audible = asyncio.Event()
        self.audible.set()
        self.gate = reach.Gate(machine)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._asking = False
        self._listener: asyncssh.SSHAcceptor | asyncio.Server | None = None

    @property
    def public_key(self) -> str:
        """The host key's public line, without a comment."""
        line: bytes = host_key(self.machine).export_public_key()
        return " ".join(line.decode().split()[:2])

    async def open(self) -> None:
        """Listen, or behave as the faults say; a port that is taken by now is given up for another."""
        self._watch()
        faults = self.machine.faults
        if faults.hang:
            self.audible.clear()
        else:
            self.audible.set()
        if faults.refuse:
            return
        if faults.hang:
            self._listener = await asyncio.start_server(_say_nothing, self.address, self.port)
        else:
            self._listener = await self._listen()

    def _watch(self) -> None:
        """Hear of each change of the kernel's state from now on."""
        self._loop = asyncio.get_running_loop()
        self.machine.watchers.add(self._note_change)

    def _note_change(self) -> None:
        """Ask the rules soon for every open connection; many changes in a row are asked about once."""
        if self._loop is None or self._asking or not self.connections:
            return
        if reach.is_guarded(self.machine) or any(not item.road.is_set() for item in tuple(self.connections)):
            self._asking = True
            self._loop.call_soon_threadsafe(self._ask_anew)

    def _ask_anew(self) -> None:
        self._asking = False
        for connection in tuple(self.connections):
            connection.ask_anew()

    async def _listen(self) -> asyncssh.SSHAcceptor:
        try:
            return await self._accept(self.port)
        except OSError:
            if not self.port:
                raise
            return await self._accept(0)

    async def _accept(self, port: int) -> asyncssh.SSHAcceptor:
        acceptor = await asyncssh.listen(
            self.address,
            port,
            server_factory=lambda: Connection(self),
            server_host_keys=[host_key(self.machine)],
            encoding=None,
            allow_pty=False,
            agent_forwarding=False,
            compression_algs=None,
            config=None,
            reuse_address=True,
        )
        self.port = acceptor.get_port()
        return acceptor

    async def shut(self) -> None:
        """Stop listening; open connections stay."""
        if self._listener is not None:
            self._listener.close()
            await self._listener.wait_closed()
        self._listener = None

    def disconnect(self) -> None:
        """Break every open connection."""
        for connection in tuple(self.connections):
            connection.cut()

    async def close(self) -> None:
        """Stop listening, break connections, end what runs."""
        self.machine.watchers.discard(self._note_change)
        await self.shut()
        self.disconnect()
        for task in tuple(self.sessions):
            task.cancel()
        await asyncio.gather(*self.sessions, return_exceptions=True)

    async def apply_faults(self) -> None:
        """Make what is open and what is to come behave as the faults say now."""
        faults = self.machine.faults
        await self.shut()
        await self.open()
        if faults.refuse:
            self.disconnect()
        for connection in tuple(self.connections):
            connection.left = faults.drop_after_bytes
            connection.settle()

    async def change_host_key(self) -> None:
        """Come up with another host key, as a machine that was installed anew."""
        self.machine.files.remove(HOST_KEY)
        await self.apply_faults()


async def _say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Hold a connection open until its client gives up."""
    with contextlib.suppress(OSError):
        await reader.read()
    writer.close()
