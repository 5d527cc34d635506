"""Keeps services running: starts them, starts them again when they die, ends them with all they started."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from asyncio.subprocess import PIPE, Process
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING

from jailpanel.launch.errors import StartFailed
from jailpanel.launch.ledger import Child, Ledger, signal_group

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from jailpanel.launch.logs import Logs
    from jailpanel.launch.service import Service

FIRST_DELAY_S = 0.5
LONGEST_DELAY_S = 30.0
STEADY_S = 60.0
POLL_S = 0.03
MOST_DEATHS_AT_START = 3
# A child waits for a word that its process id is on record; if the launcher dies first, so does the child.
GATE = ("/bin/sh", "-c", 'read -r go && exec "$@" </dev/null', "gate")


class Supervisor:
    """The services of one launcher.

    Args:
        folder: Working directory of all services.
        logs: Take what services print.
        ledger: Where living processes are recorded.
        say: Tells the person at the terminal one line.
        first_delay_s: Seconds before the first new start; doubles with each death in a row.
    """

    def __init__(
        self,
        *,
        folder: Path,
        logs: Logs,
        ledger: Ledger,
        say: Callable[[str], None],
        first_delay_s: float = FIRST_DELAY_S,
    ) -> None:
        self._folder = folder
        self._logs = logs
        self._ledger = ledger
        self._say = say
        self._first_delay_s = first_delay_s
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._deaths: Counter[str] = Counter()

    def start(self, *services: Service) -> None:
        """Start services side by side and keep them running; returns at once."""
        for service in services:
            self._tasks[service.name] = asyncio.create_task(self._keep(service))

    async def ready(self, *services: Service, timeout_s: float = 60) -> None:
        """Wait until each of the services can be used.

        Raises:
            StartFailed: One died again and again, or was not ready in time.
        """
        await asyncio.gather(*(self._until_ready(service, timeout_s) for service in services))

    async def once(self, service: Service) -> str:
        """Run a program to its end and return what it printed; its standard error goes to its log.

        Raises:
            StartFailed: It ended with another status than 0.
        """
        process = await self._spawn(service, stdout=PIPE)
        try:
            printed, _ = await process.communicate()
        finally:
            await self._end(process, service.grace_s)
        if process.returncode:
            raise self._failure(service, f"ended with status {process.returncode}")
        return printed.decode(errors="replace")

    async def stop(self, *names: str) -> None:
        """End services side by side: TERM, KILL after their time of grace, nothing left in their groups."""
        tasks = [self._tasks.pop(name) for name in names if name in self._tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def kill(self) -> None:
        """End everything now; whoever waits for an orderly end gets it at once."""
        for pid in self._ledger.pids():
            signal_group(pid, signal.SIGKILL)

    async def _keep(self, service: Service) -> None:
        delay_s = self._first_delay_s
        while True:
            began = time.monotonic()
            how = await self._run(service)
            self._deaths[service.name] += 1
            if time.monotonic() - began > STEADY_S:
                delay_s = self._first_delay_s
            log = self._logs.path(service.name)
            self._say(f"{service.name} {how}; starting it again in {delay_s:g} s. See {log}")
            await asyncio.sleep(delay_s)
            delay_s = min(delay_s * 2, LONGEST_DELAY_S)

    async def _run(self, service: Service) -> str:
        try:
            process = await self._spawn(service)
        except OSError as error:
            return f"could not be started ({error})"
        try:
            status = await process.wait()
        finally:
            await self._end(process, service.grace_s)
        return f"was ended by signal {-status}" if status < 0 else f"ended with status {status}"

    async def _spawn(self, service: Service, stdout: int | None = None) -> Process:
        with self._logs.open(service.name) as log:
            process = await asyncio.create_subprocess_exec(
                *GATE,
                *service.argv,
                cwd=self._folder,
                env={**os.environ, **service.environment},
                stdin=PIPE,
                stdout=stdout or log,
                stderr=log,
                pass_fds=service.descriptors,
                # Ctrl-C in the terminal reaches the launcher alone, which ends the others in order.
                start_new_session=True,
            )
        self._ledger.add(Child(service.name, process.pid, service.mark or " ".join(service.argv)))
        if process.stdin:
            process.stdin.write(b"go\n")
            process.stdin.close()
        return process

    async def _end(self, process: Process, grace_s: float) -> None:
        if process.returncode is None:
            signal_group(process.pid, signal.SIGTERM)
            with suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), grace_s)
        signal_group(process.pid, signal.SIGKILL)
        await process.wait()
        self._ledger.remove(process.pid)

    async def _until_ready(self, service: Service, timeout_s: float) -> None:
        deadline = time.monotonic() + timeout_s
        while service.ready and not await service.ready():
            if self._deaths[service.name] >= MOST_DEATHS_AT_START:
                raise self._failure(service, "does not stay up")
            if time.monotonic() > deadline:
                raise self._failure(service, f"was not ready within {timeout_s:g} s")
            await asyncio.sleep(POLL_S)

    def _failure(self, service: Service, what: str) -> StartFailed:
        path, said = self._logs.path(service.name), self._logs.tail(service.name)
        return StartFailed(f"{service.name} {what}. From {path}:\n{said}")
