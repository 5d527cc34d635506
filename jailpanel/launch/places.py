"""Where the launcher's things lie, and the two things that it has to find a free place for."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from jailpanel.environment import flag, words
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


def listen() -> socket.socket:
    """Listen on PORT, or on the first free port of loopback from 8000 on.

    The launcher listens and hands the socket on: nobody can take the port in between, and a browser
    that comes while the web process is started again waits instead of being refused.

    Raises:
        NoPlace: PORT is no port or is taken, or there is no free one.
    """
    given = os.environ.get("PORT", "")
    if given:
        return _listen_on_given(given)
    for port in range(FIRST_PORT, FIRST_PORT + PORTS_TO_TRY):
        with suppress(OSError):
            return _listen_on(port)
    last = FIRST_PORT + PORTS_TO_TRY - 1
    raise NoPlace(f"None of the ports {FIRST_PORT} to {last} is free. Set PORT to one that is.")


def _listen_on_given(given: str) -> socket.socket:
    if not (given.isascii() and given.isdecimal()) or not 0 < int(given) < 65536:
        raise NoPlace(f"PORT is {given!r}; it must be a number from 1 to 65535.")
    try:
        return _listen_on(int(given))
    except OSError as error:
        reason = f"Port {given} cannot be had ({os.strerror(error.errno or 0)})."
        raise NoPlace(f"{reason} Set PORT to another one, or leave it out.") from error


def _listen_on(port: int) -> socket.socket:
    server = socket.create_server(("127.0.0.1", port))
    # Accepted connections inherit it: without it each small event waits for the one before.
    server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return server


def public_url(listener: socket.socket) -> str:
    """Return where people open the panel: at the TLS proxy in front of it, where there is one."""
    if flag("JAILPANEL_TLS"):
        return f"https://{(words('JAILPANEL_ALLOWED_HOSTS', '') or ['localhost'])[0]}"
    return f"http://127.0.0.1:{listener.getsockname()[1]}"
