"""The panel's own processes, started as the launcher starts them, killed as nobody should."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

from jailpanel.environment import BASE_DIR
from jailpanel.launch.services import redis_program

READY_S = 60.0
END_S = 30.0
WATCH_S = 0.2
POLL_S = 0.02

# Set at the end of everything: a strike that is still at it must not start again what was just ended.
over = threading.Event()
_starting = threading.Lock()


def finish() -> None:
    """Start nothing any more; what was started is there when this returns."""
    with _starting:
        over.set()


def until(holds: Callable[[], object], within_s: float) -> None:
    """Wait until something holds.

    Raises:
        TimeoutError: It does not in time.
    """
    deadline = time.monotonic() + within_s
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{holds} did not come true within {within_s:g} s")
        time.sleep(POLL_S)


@dataclass
class Program:
    """A process that is started again when it ends without having been told to, as a supervisor does.

    Args:
        name: What it is called.
        argv: Its command line.
        env: Its environment.
        folder: Where its log goes.
        ready: A file that it makes when it is ready; None when nobody waits for that.
        descriptors: Those that it inherits.
    """

    name: str
    argv: list[str]
    env: dict[str, str]
    folder: Path
    ready: Path | None = None
    descriptors: tuple[int, ...] = ()
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    deaths: list[int] = field(default_factory=list)

    @property
    def log(self) -> Path:
        return self.folder / f"{self.name}.log"

    @property
    def pid(self) -> int:
        assert self.process
        return self.process.pid

    def start(self, *, wait: bool = True) -> None:
        with _starting:
            if over.is_set():
                return
            self._launch()
        if wait:
            self.wait_ready()

    def _launch(self) -> None:
        if self.ready:
            self.ready.unlink(missing_ok=True)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.argv, cwd=BASE_DIR, env=self.env, pass_fds=self.descriptors,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip

    def wait_ready(self) -> None:
        if self.ready:
            until(self.ready.exists, READY_S)

    def send(self, number: signal.Signals) -> None:
        if self.process and self.process.poll() is None:
            self.process.send_signal(number)

    def kill(self) -> None:
        self.end(signal.SIGKILL)

    def end(self, number: signal.Signals = signal.SIGTERM) -> float:
        """Send a signal and wait for the end; returns the seconds that it took."""
        process, self.process = self.process, None
        began = time.monotonic()
        if process:
            process.send_signal(number)
            try:
                process.wait(END_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        return time.monotonic() - began

    def has_died(self) -> bool:
        """Whether it ended by itself; `end` and `kill` are not that."""
        process = self.process
        if process is None or process.poll() is None:
            return False
        self.deaths.append(process.returncode)
        return True


class Supervisor:
    """Starts again what ended by itself."""

    def __init__(self, programs: list[Program]) -> None:
        self._programs = programs
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="supervisor", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(WATCH_S):
            for program in self._programs:
                if program.has_died():
                    program.start(wait=False)


def python(*words: str) -> list[str]:
    return [sys.executable, "-m", *words]


def worker(number: int, env: dict[str, str], folder: Path) -> Program:
    """A Celery worker with the launcher's own command line, but for fewer threads."""
    ready = folder / f"worker{number}-ready"
    words = (
        "celery", "-A", "jailpanel", "worker", "--pool", "threads", "--concurrency", "12",
        "--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "WARNING",
        "--hostname", f"worker{number}@%h", "--include", "jailpanel.launch.worker_ready",
    )  # fmt: skip
    env = {**env, "JAILPANEL_WORKER_READY_FILE": str(ready)}
    return Program(f"worker{number}", python(*words), env, folder, ready)


def beat(env: dict[str, str], folder: Path) -> Program:
    return Program("beat", python("celery", "-A", "jailpanel", "beat"), env, folder)


def web(listener: socket.socket, env: dict[str, str], folder: Path) -> Program:
    """The web process, on a socket that outlives it, as the launcher has it: who comes meanwhile waits."""
    words = (
        "uvicorn", "jailpanel.asgi:application", "--fd", str(listener.fileno()), "--lifespan", "off",
        "--timeout-graceful-shutdown", "3", "--no-access-log", "--no-proxy-headers",
    )  # fmt: skip
    return Program("web", python(*words), env, folder, descriptors=(listener.fileno(),))


class Broker(Program):
    """A redis-server with the launcher's options: every write in its append-only file."""

    def __init__(self, folder: Path) -> None:
        program = redis_program()
        assert program, "there is no redis-server"
        self.data, self.socket = folder / "redis", folder / "redis.sock"
        self.data.mkdir()
        options = ("--port", "0", "--unixsocket", str(self.socket), "--dir", str(self.data))
        kept = ("--appendonly", "yes", "--save", "", "--daemonize", "no")
        super().__init__("redis", [program, *options, *kept], {}, folder)

    @property
    def url(self) -> str:
        return f"unix://{self.socket}"

    def wait_ready(self) -> None:
        until(self.answers, READY_S)

    def answers(self) -> bool:
        with suppress(RedisError, OSError), Redis.from_url(self.url, socket_timeout=1) as client:
            return bool(client.ping())
        return False

    def forget(self) -> None:
        """Lose all that is on its disk."""
        shutil.rmtree(self.data)
        self.data.mkdir()
