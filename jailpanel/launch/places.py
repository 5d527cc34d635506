"""Where the launcher's things lie, and the two things that it has to find a free place for."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from dataclasses import dataclass
from pathlib import Path

from jailpanel.launch.errors import NoPlace

# sun_path holds 104 bytes on FreeBSD and 108 on Linux, the closing NUL among them.
SOCKET_PATH_BYTES = 100
FIRST_PORT = 8000
PORTS_TO_TRY = 100


@dataclass(frozen=True, slots=True)
class Places:
    """The folders below the state folder."""

    state: Path

    @property
    def run(self) -> Path:
        """What is worth nothing after a stop: lock, records, schedule."""
        return self.state / "run"

    @property
    def logs(self) -> Path:
        """One log file a service."""
        return self.state / "log"

    @property
    def redis(self) -> Path:
        """Redis' append-only file."""
        return self.state / "redis"

    @property
    def simulator(self) -> Path:
        """The simulated hosts' disks."""
        return self.state / "simulator"

    @property
    def host_listing(self) -> Path:
        """Where the simulated hosts of this start listen."""
        return self.simulator / "hosts.json"

    @property
    def worker_ready(self) -> Path:
        """Is there while the worker takes tasks."""
        return self.run / "worker-ready"

    def make(self) -> None:
        """Make the folders, readable by their owner only, and clear what an earlier start left."""
        for folder in (self.run, self.logs, self.redis):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.worker_ready.unlink(missing_ok=True)
        self.host_listing.unlink(missing_ok=True)
        self.remove_socket_folder()

    def redis_socket(self) -> Path:
        """Return a path short enough for a socket: in the state folder, or else in a private one of /tmp."""
        path = self.state / "redis.sock"
        if len(os.fsencode(path)) <= SOCKET_PATH_BYTES:
            return path
        folder = tempfile.mkdtemp(prefix="jailpanel-", dir="/tmp")  # mode 0700
        self._short_folder.symlink_to(folder)
        return Path(folder) / "redis.sock"

    def remove_socket_folder(self) -> None:
        """Remove the private folder of /tmp, where there is one."""
        if self._short_folder.is_symlink():
            shutil.rmtree(self._short_folder.readlink(), ignore_errors=True)
            self._short_folder.unlink()

    @property
    def _short_folder(self) -> Path:
        return self.run / "socket-folder"


def choose_port() -> int:
    """Return PORT, or the first free port of loopback from 8000 on.

    Raises:
        NoPlace: PORT is no port or is taken, or there is no free one.
    """
    given = os.environ.get("PORT", "")
    if given:
        return _checked(given)
    for port in range(FIRST_PORT, FIRST_PORT + PORTS_TO_TRY):
        if is_free(port):
            return port
    raise NoPlace(
        f"None of the ports {FIRST_PORT} to {FIRST_PORT + PORTS_TO_TRY - 1} is free. Set PORT to one that is."
    )


def is_free(port: int) -> bool:
    """Say whether a server could listen on the port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _checked(given: str) -> int:
    if not (given.isascii() and given.isdecimal()) or not 0 < int(given) < 65536:
        raise NoPlace(f"PORT is {given!r}; it must be a number from 1 to 65535.")
    if not is_free(int(given)):
        raise NoPlace(
            f"Port {given} is taken, or only root may use it. Set PORT to another one, or leave it out."
        )
    return int(given)
