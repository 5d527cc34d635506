"""One machine's panel: what is started in which order, and ended in which."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from jailpanel.environment import BASE_DIR, flag
from jailpanel.launch import services
from jailpanel.launch.service import Service
from jailpanel.launch.services import Places
from jailpanel.launch.supervisor import StartFailed, Supervisor

FIRST_PORT = 8000
PORTS_TO_TRY = 100
# Who needs whom: those that end first come first.
STOP_ORDER = (("web", "worker", "beat"), ("simulator",), ("redis",))


@dataclass(slots=True)
class Panel:
    """Everything that one machine runs.

    Args:
        places: The state folder.
        supervisor: Keeps the services.
        say: Tells the person at the terminal one line.
        demo: With simulated hosts and ready accounts.
        announce: Called with the address once everything is ready.
    """

    places: Places
    supervisor: Supervisor
    say: Callable[[str], None]
    demo: bool
    announce: Callable[[str], None] = lambda _: None

    async def run(self) -> None:
        """Start everything and keep it running until cancelled.

        Raises:
            StartFailed: Something did not come up; everything else was ended.
        """
        try:
            await self._start()
            await asyncio.Event().wait()
        finally:
            for names in STOP_ORDER:
                await self.supervisor.stop(*names)

    async def _start(self) -> None:
        port = choose_port()
        await self._start_redis()
        simulated = self._start_simulator()
        hints = await self.supervisor.once(self._preparation())
        self._start_fresh(port)
        await self.supervisor.ready(*simulated)
        url = f"http://127.0.0.1:{port}"
        self.announce(url)
        self.say(f"Open {url}")
