"""One step on its host: started at most once, followed to its end, taken up again when the line drops."""

from __future__ import annotations

import re
import threading
import time
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet

from django.conf import settings

from apps.freebsd.channel import loop
from apps.freebsd.channel.agent import Agent, RunEnd
from apps.freebsd.errors import CommandFailed, HostUnreachable
from apps.jobs.lease import Lease
from apps.jobs.models import Job, Step
from apps.jobs.output import OutputBuffer, store_output

# How long a host may be away in mid-step before the job stops waiting for it.
PATIENCE_S = 120
# How long a first connection is tried for, when nothing has run yet.
FIRST_PATIENCE_S = 15

stopping = threading.Event()


class LetGo(Exception):
    """This worker was told to stop; the step goes on on the host and another worker follows it."""


class StepRun:
    """Starts and follows one step for the worker that holds the job.

    Args:
        lease: The worker's hold on the job.
        job: The job that the step is of.
        step: The step; its `output_bytes` say from which byte on to follow.
        agent: The host's agent.
    """

    def __init__(self, lease: Lease, job: Job, step: Step, agent: Agent) -> None:
        self._lease, self._job, self._step, self._agent = lease, job, step, agent
        self._deadline = time.monotonic() + step.timeout_s
        self._heard_at = time.monotonic()
        self._started = step.output_bytes > 0

    def to_end(self) -> RunEnd:
        """Start the run unless the host has it already, and follow it to its end.

        Returns:
            How it ended.

        Raises:
            LetGo: This worker was told to stop.
            CommandFailed: It took longer than it may and was ended.
            HostUnreachable: The host stayed away.
            PanelError: The host refuses us or the command.
            LeaseLost: Another worker holds the job by now.
        """
        while True:
            try:
                return self._attempt()
            except HostUnreachable as error:
                self._wait_or_give_up(error)

    def _attempt(self) -> RunEnd:
        step = self._step
        loop.run(self._agent.start(step.run_id, tuple(step.argv), _word(self._job), self._job.pk.hex[:12]))
        self._started = True
        buffer = OutputBuffer()
        following = loop.submit(self._agent.follow(step.run_id, step.output_bytes, buffer.put))
        try:
            return self._drain(following, buffer)
        finally:
            following.cancel()

    def _drain(self, following: Future[RunEnd], buffer: OutputBuffer) -> RunEnd:
        while not (ended := _ended(following)):
            self._store(buffer.take(everything=False))
            if stopping.is_set():
                raise LetGo
            if time.monotonic() > self._deadline:
                self._end_late_run()
        self._store(buffer.take(everything=ended and following.exception() is None))
        return following.result()

    def _store(self, data: bytes) -> None:
        if data:
            self._heard_at = time.monotonic()
            store_output(self._lease, self._step, data)

    def _end_late_run(self) -> None:
        loop.run(self._agent.cancel(self._step.run_id))
        minutes = self._step.timeout_s // 60
        raise CommandFailed(f"It ran for more than {minutes} minutes and was ended.")

    def _wait_or_give_up(self, error: HostUnreachable) -> None:
        patience = PATIENCE_S if self._started else FIRST_PATIENCE_S
        if time.monotonic() - self._heard_at > patience:
            raise error
        if stopping.wait(1):
            raise LetGo


def _ended(following: Future[RunEnd]) -> bool:
    """Wait at most one flush interval for the end of the run."""
    try:
        following.exception(timeout=settings.JOB_OUTPUT_FLUSH_S)
    except NotYet:
        return False
    return True


def _word(job: Job) -> str:
    """Return the requester's name as one word of the agent's protocol."""
    return re.sub(r"[^A-Za-z0-9_.@+-]", "_", job.requester_name)[:64] or "unknown"
