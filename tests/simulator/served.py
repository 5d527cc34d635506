"""Simulated hosts that are served for one test, and a client for their SSH."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import asyncssh

from apps.simulator.simulation import NO_HISTORY, Simulation
from tests.simulator.machines import PLAIN

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping
    from pathlib import Path

    from apps.simulator.simulation import SimulatedHost
    from apps.simulator.spec import HostSpec

KEY = asyncssh.generate_private_key("ssh-ed25519")
PUBLIC_KEY = KEY.export_public_key().decode()
NONCE = "0123456789abcdef" * 2
DEADLINE_S = 20


@dataclass(frozen=True, slots=True)
class Said:
    """What a command over SSH gave."""

    status: int | None
    stdout: bytes
    stderr: bytes


@contextlib.asynccontextmanager
async def serving(
    folder: Path,
    specs: Iterable[HostSpec] = (PLAIN,),
    history: Mapping[str, tuple[str, ...]] = NO_HISTORY,
    *,
    panel_key: str = PUBLIC_KEY,
    **options: object,
) -> AsyncIterator[Simulation]:
    """Serve hosts without any slowness, and stop them."""
    simulation = Simulation(folder / "hosts", pace=0.0, panel_key=panel_key, **options)  # type: ignore[arg-type]
    try:
        await simulation.start(specs, history)
        yield simulation
    finally:
        await simulation.stop()


def only_host(simulation: Simulation) -> SimulatedHost:
    (host,) = simulation.hosts.values()
    return host


def connecting(host: SimulatedHost, key: asyncssh.SSHKey = KEY, user: str = "root"):
    """Connect as the panel does: the host key is pinned, nothing of the user's own is read."""
    pinned = asyncssh.import_public_key(host.sshd.public_key)
    return asyncssh.connect(
        host.sshd.address,
        host.sshd.port,
        username=user,
        client_keys=[key],
        known_hosts=([pinned], [], []),
        config=None,
        agent_path=None,
    )


async def ask(line: asyncssh.SSHClientConnection, command: str | None, stdin: bytes = b"") -> Said:
    """Run a command to its end."""
    done = await line.run(command, input=stdin, encoding=None)
    return Said(done.exit_status, bytes(done.stdout or b""), bytes(done.stderr or b""))


async def say(host: SimulatedHost, command: str | None, stdin: bytes = b"") -> Said:
    """Connect, run a command, leave."""
    async with connecting(host) as line:
        return await ask(line, command, stdin)


def argv_of(*words: str) -> bytes:
    """Pack an argument vector as the agent reads it."""
    return b"".join(word.encode() + b"\n" for word in words)


async def start_run(line: asyncssh.SSHClientConnection, run_id: str, *words: str) -> Said:
    """Start a run through the agent."""
    argv = argv_of(*words)
    return await ask(line, f"start {run_id} {len(argv)} alice job-1", argv)
