"""Simulated hosts for tests: real SSH servers in a thread of their own, and the key that they let in."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Coroutine, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from apps.freebsd.channel.ssh import SshTarget, make_key_pair
from apps.simulator.simulation import Simulation
from apps.simulator.spec import HostSpec

T = TypeVar("T")
TIMEOUT_S = 60


class Simulated:
    """Running simulated hosts.

    Args:
        folder: Holds the machines and the key.
        options: As `Simulation` takes them.
    """

    def __init__(self, folder: Path, **options: Any) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.private_key_path = folder / "panel"
        key = make_key_pair(self.private_key_path)
        self.simulation = Simulation(folder / "hosts", panel_key=key, **options)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="simulation", daemon=True)
        self._thread.start()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run something of the simulation where it lives."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(TIMEOUT_S)

    def target(self, name: str) -> SshTarget:
        """Return how to reach a host."""
        entry = self.simulation.hosts[name].entry(self.simulation.control)
        where = str(entry["address"]), int(entry["port"]), str(entry["user"]), str(entry["host_key"])
        return SshTarget(*where, self.private_key_path)

    def root(self, name: str) -> Path:
        """Return the folder that is a host's root directory."""
        return Path(self.simulation.hosts[name].machine.files.root).resolve()

    def end(self) -> None:
        """Stop all of it."""
        self.run(self.simulation.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@contextlib.contextmanager
def simulated_hosts(folder: Path, specs: Sequence[HostSpec], **options: Any) -> Iterator[Simulated]:
    """Run simulated hosts, and end them afterwards."""
    hosts = Simulated(folder, **options)
    try:
        hosts.run(hosts.simulation.start(specs))
        yield hosts
    finally:
        hosts.end()
