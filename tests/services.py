"""Servers that tests talk to: a real redis-server, and an ASGI application on a free port."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import uvicorn
from redis import Redis
from redis.exceptions import RedisError

from jailpanel.launch.services import redis_program

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

READY_S = 10.0
POLL_S = 0.01


def eventually(holds: Callable[[], Any], within_s: float = READY_S) -> Any:
    """Return what `holds` returns once it is true; fail when it is not in time."""
    deadline = time.monotonic() + within_s
    while not (found := holds()):
        if time.monotonic() > deadline:
            pytest.fail(f"did not come true within {within_s} s")
        time.sleep(POLL_S)
    return found


@dataclass
class RedisServer:
    """A redis-server of its own on a Unix socket; can be killed and started again."""

    folder: Path
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        return f"unix://{self.folder / 'redis.sock'}"

    def start(self) -> None:
        program = redis_program()
        if program is None:
            pytest.fail("there is no redis-server; .ci/run installs what is needed")
        socket_path = str(self.folder / "redis.sock")
        argv = [program, "--port", "0", "--unixsocket", socket_path, "--save", "", "--dir", str(self.folder)]
        self.process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        eventually(self.answers)

    def answers(self) -> bool:
        with suppress(RedisError, OSError), Redis.from_url(self.url) as client:
            return bool(client.ping())
        return False

    def kill(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()
        self.process = None


@pytest.fixture(scope="session")
def redis_of_this_run() -> Iterator[RedisServer]:
    # A Unix socket's path may have some 100 characters only; pytest's own folders are longer.
    folder = Path(tempfile.mkdtemp(prefix="jp-"))
    server = RedisServer(folder)
    server.start()
    yield server
    server.kill()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def redis_server(redis_of_this_run: RedisServer, settings: Any) -> RedisServer:
    """A real redis-server, empty and running, that settings.REDIS_URL points to."""
    if not redis_of_this_run.answers():
        redis_of_this_run.kill()
        redis_of_this_run.start()
    with Redis.from_url(redis_of_this_run.url) as client:
        client.flushall()
    settings.REDIS_URL = redis_of_this_run.url
    return redis_of_this_run


@contextmanager
def serving(application: Any) -> Iterator[str]:
    """Serve an ASGI application from a thread of this process, and give its address."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        application, lifespan="off", log_config=None, access_log=False, timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="tests-uvicorn")
    thread.start()
    try:
        eventually(lambda: server.started)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(READY_S)
        listener.close()
