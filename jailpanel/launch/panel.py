"""One machine's panel: what is started in which order, and ended in which."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jailpanel.launch import services
from jailpanel.launch.errors import StartFailed
from jailpanel.launch.places import Places, listen, public_url

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from jailpanel.launch.logs import Logs
    from jailpanel.launch.service import Service
    from jailpanel.launch.supervisor import Supervisor

# Whoever needs others ends before them.
STOP_ORDER = (("web", "worker", "beat"), ("simulator",), ("redis",))
NO_REDIS = (
    "There is no redis-server. Install it (Debian: apt-get install redis-server; FreeBSD: pkg install redis) "
    "or set REDIS_URL to one that runs elsewhere."
)


@dataclass(frozen=True, slots=True)
class Panel:
    """Everything that one machine runs.

    Args:
        places: The state folder.
        supervisor: Keeps the services.
        logs: What the services print.
        say: Tells the person at the terminal one line.
        announce: Called with the address once everything is ready.
        demo: With simulated hosts and ready accounts.
    """

    places: Places
    supervisor: Supervisor
    logs: Logs
    say: Callable[[str], None]
    announce: Callable[[str], None]
    demo: bool

    async def run(self) -> None:
        """Start everything and keep it running until cancelled; then end it in order.

        Raises:
            StartFailed: Something did not come up.
            NoPlace: There is no port for the web process.
        """
        with listen() as listener:
            try:
                await self._start(listener)
                await self.logs.tend()
            finally:
                for names in STOP_ORDER:
                    await self.supervisor.stop(*names)
                self.places.remove_socket_folder()

    async def _start(self, listener: socket.socket) -> None:
        url = public_url(listener)
        simulated = self._start_simulator()
        await self._start_redis()
        preparation = services.preparation(url, demo=self.demo)
        hints, _ = await asyncio.gather(self.supervisor.once(preparation), self.supervisor.ready(*simulated))
        await self._start_ours(listener)
        self.announce(url)
        self.say(f"Open {url}\n{hints}".rstrip())
        if url.startswith("https:"):
            self.say(f"  The proxy reaches it at http://127.0.0.1:{listener.getsockname()[1]}")

    def _start_simulator(self) -> list[Service]:
        if not self.demo:
            return []
        self._make_key()
        simulator = services.simulator(self.places)
        self.supervisor.start(simulator)
        return [simulator]

    async def _start_redis(self) -> None:
        """Start the embedded Redis, unless there is one already, and tell the other services where it is."""
        if os.environ.get("REDIS_URL"):
            return
        program = services.redis_program()
        if program is None:
            raise StartFailed(NO_REDIS)
        path = self.places.redis_socket()
        os.environ["REDIS_URL"] = f"unix://{path}"
        redis = services.redis(program, self.places, path)
        self.supervisor.start(redis)
        await self.supervisor.ready(redis)

    async def _start_ours(self, listener: socket.socket) -> None:
        ours = (
            services.web(listener),
            services.worker(self.places),
            services.beat(),
        )
        self.supervisor.start(*ours)
        await self.supervisor.ready(*ours)

    def _make_key(self) -> None:
        """Make the panel's SSH key, whose public half the simulated hosts let in."""
        public = self.places.state / "panel_ed25519.pub"
        if public.exists():
            return
        from apps.freebsd.channel.ssh import make_key_pair  # noqa: PLC0415  once in the life of a state folder

        public.write_text(make_key_pair(public.with_suffix("")) + "\n")
