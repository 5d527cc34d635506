"""One step on its host: started at most once, followed to its end, taken up again when the line drops."""

from __future__ import annotations

import re
import threading
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from time import monotonic

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from apps.freebsd.channel import loop
from apps.freebsd.channel.agent import Agent, RunEnd, UnknownRun
from apps.freebsd.errors import CommandFailed, ConnectionLost, HostUnreachable, PanelError
from apps.jobs.lease import Lease
from apps.jobs.models import Job, Step
from apps.jobs.output import OutputBuffer, store_output
from apps.jobs.services import announce

# How long a host may be away in mid-step before the job stops waiting for it.
PATIENCE_S = 120
# How long a first connection is tried for, when nothing has run yet.
FIRST_PATIENCE_S = 15
# How long to wait before trying again.
RETRY_S = 1.0

# How often a worker looks whether someone asked for the end of the job that it runs.
CANCEL_POLL_S = 1.0

AWAY = (
    "It was cancelled while the host was away: what its command has done there is not known, and it may "
    "still run. The host's page shows what is there once it answers again."
)

stopping = threading.Event()


class LetGo(Exception):
    """This worker was told to stop; the step goes on on the host and another worker follows it."""


class Cancelled(PanelError):
    """Someone asked for the job's end."""


class StepRun:
    """Starts and follows one step for the worker that holds the job.

    Args:
        lease: The worker's hold on the job.
        job: The job that the step is of.
        step: The step; `started_at` says whether the host has it already, `output_bytes` from which byte on
            to follow.
        agent: The host's agent.
    """

    def __init__(self, lease: Lease, job: Job, step: Step, agent: Agent) -> None:
        self._lease, self._job, self._step, self._agent = lease, job, step, agent
        self._deadline = monotonic() + step.timeout_s
        self._away_since: float | None = None
        self._asked_at = -CANCEL_POLL_S
        self._is_ended = False

    def to_end(self) -> RunEnd:
        """Start the run unless the host has it already, and follow it to its end.

        Returns:
            How it ended; lost when the host has forgotten it, for it is never started a second time.

        Raises:
            LetGo: This worker was told to stop.
            Cancelled: Someone asked for its end, and it has come, or the host is away.
            CommandFailed: It took longer than it may and was ended.
            HostUnreachable: The host stayed away.
            PanelError: The host refuses us or the command.
            LeaseLost: Another worker holds the job by now.
        """
        while True:
            try:
                return self._attempt()
            except UnknownRun:
                return RunEnd(status=None, lost=True)
            except HostUnreachable as error:
                self._wait_or_give_up(error)

    def _attempt(self) -> RunEnd:
        if self._step.started_at is None:
            if self._cancel_is_asked_for():
                raise Cancelled("It was cancelled before this command was started.")
            self._start()
        if monotonic() > self._deadline:
            self._end_late_run()
        buffer = OutputBuffer()
        following = loop.submit(self._agent.follow(self._step.run_id, self._step.output_bytes, buffer.put))
        try:
            return self._drain(following, buffer)
        finally:
            following.cancel()

    def _start(self) -> None:
        """Start the run; the note that it was keeps everyone after us from starting it again."""
        step, job = self._step, self._job
        loop.run(self._agent.start(step.run_id, tuple(step.argv), _word(job.requester_name), job.pk.hex[:12]))
        with transaction.atomic():
            self._lease.renew()
            step.started_at = timezone.now()
            step.save(update_fields=["started_at"])
            announce(job)

    def _drain(self, following: Future[RunEnd], buffer: OutputBuffer) -> RunEnd:
        while not (ended := _ended(following)):
            self._store(buffer.take(everything=False))
            if stopping.is_set():
                raise LetGo
            if monotonic() > self._deadline:
                self._end_late_run()
            self._end_cancelled_run()
        self._store(buffer.take(everything=ended and following.exception() is None))
        end = following.result()
        if self._is_ended and end.status != 0:
            raise Cancelled(f"It was cancelled; the command was ended with status {end.status}.")
        return end

    def _end_cancelled_run(self) -> None:
        """End the run on the host, its whole process group, once someone has asked for that."""
        if not self._is_ended and self._cancel_is_asked_for():
            loop.run(self._agent.cancel(self._step.run_id))
            self._is_ended = True

    def _cancel_is_asked_for(self) -> bool:
        now = monotonic()
        if now - self._asked_at < CANCEL_POLL_S:
            return False
        self._asked_at = now
        return Job.objects.filter(pk=self._job.pk, cancel_requested_at__isnull=False).exists()

    def _store(self, data: bytes) -> None:
        if data:
            self._away_since = None
            store_output(self._lease, self._step, data)

    def _end_late_run(self) -> None:
        loop.run(self._agent.cancel(self._step.run_id))
        raise CommandFailed(f"It ran for more than {_length(self._step.timeout_s)} and was ended.")

    def _wait_or_give_up(self, error: HostUnreachable) -> None:
        """Count the host's absence from its first refusal, or from the last time that it was there."""
        if self._cancel_is_asked_for():
            raise Cancelled(AWAY) from error
        now = monotonic()
        if self._away_since is None or isinstance(error, ConnectionLost):
            self._away_since = now
        if now - self._away_since > (PATIENCE_S if self._step.started_at else FIRST_PATIENCE_S):
            raise error
        if stopping.wait(RETRY_S):
            raise LetGo


def _ended(following: Future[RunEnd]) -> bool:
    """Wait at most one flush interval for the end of the run."""
    try:
        following.exception(timeout=settings.JOB_OUTPUT_FLUSH_S)
    except NotYet:
        return False
    return True


def _length(seconds: int) -> str:
    return f"{seconds // 60} minutes" if seconds >= 120 else f"{seconds} seconds"


def _word(name: str) -> str:
    """Return a person's name as one word of the agent's protocol."""
    return re.sub(r"[^A-Za-z0-9_.@+-]", "_", name)[:64] or "unknown"
