"""One step on its host: started at most once, followed to its end, taken up again when the line drops."""

from __future__ import annotations

import re
import threading
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from contextlib import suppress
from datetime import timedelta
from time import monotonic

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from apps.freebsd.channel import loop
from apps.freebsd.channel.agent import Agent, RunEnd, UnknownRun
from apps.freebsd.errors import CommandFailed, ConnectionLost, HostUnreachable, PanelError
from apps.jobs.confirming import Confirming
from apps.jobs.lease import Lease
from apps.jobs.models import Job, Step
from apps.jobs.output import OutputBuffer, store_output
from apps.jobs.prompts import prompt_of
from apps.jobs.services import announce

# How long a host that goes away in mid-step keeps a worker waiting, before the job waits without one.
PATIENCE_S = 10
# How long a job waits for its host before it is given up.
AWAY_LIMIT = timedelta(hours=24)
# How long a first connection is tried for, when nothing has run yet.
FIRST_PATIENCE_S = 15
# How long to wait before trying again.
RETRY_S = 1.0
# How often a worker looks whether someone asked for the end of the job that it runs.
CANCEL_POLL_S = 1.0
# How long a command that was killed on its host may take to be gone.
END_PATIENCE_S = 60

AWAY = (
    "It was cancelled while the host was away: what its command has done there is not known. Before anything "
    "else is started there, the panel ends it, should it still run."
)
GONE = (
    "The host has not answered for a day, so what its command has done there is not known. Before anything "
    "else is started there, the panel ends it, should it still run."
)
UNENDING = (
    "The command was killed on the host and has not ended: it may hang in the kernel. Look at it there; the "
    "panel kills it again before it starts anything else there."
)

stopping = threading.Event()


class LetGo(Exception):
    """This worker was told to stop; the step goes on on the host and another worker follows it."""


class HostAway(LetGo):
    """The host does not answer; the job waits for it, and a worker looks again later."""


class Cancelled(PanelError):
    """Someone asked for the job's end."""


class GivenUp(PanelError):
    """Nobody will know how the command ended; it may still run."""


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
        self._away_since: float | None = None
        self._asked_at = -CANCEL_POLL_S
        self._ending: PanelError | None = None
        self._ended_at = 0.0
        self._has_dropped = False
        self._confirming = Confirming(job, step, one_word(job.requester_name))

    def to_end(self) -> RunEnd:
        """Start the run unless the host has it already, and follow it to its end.

        Returns:
            How it ended; lost when the host has forgotten it, for it is never started a second time.

        Raises:
            LetGo: This worker was told to stop.
            HostAway: The host does not answer in mid-step.
            GivenUp: It has not answered for a day, or cannot end the command.
            Cancelled: Someone asked for its end, and it has come, or the host is away.
            CommandFailed: It took longer than it may and was ended.
            HostUnreachable: The host was away from the beginning.
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
                self._has_dropped = True

    def _attempt(self) -> RunEnd:
        if self._step.started_at is None:
            if self._cancel_is_asked_for():
                raise Cancelled("It was cancelled before this command was started.")
            end_given_up_runs(self._agent, self._job)
            self._start()
        elif self._job.away_since is not None:
            self._note_return()
        if self._has_dropped and self._step.started_at:
            # A line that drops time and again must not keep a late command, or a cancel, from its end.
            self._end_run_in_time()
        buffer = OutputBuffer()
        run_id, offset, silence_s = self._step.run_id, self._step.output_bytes, settings.JOB_SILENCE_S
        following = loop.submit(self._agent.follow(run_id, offset, buffer.put, silence_s))
        try:
            return self._drain(following, buffer)
        finally:
            following.cancel()
            self._confirming.stop()

    def _note_return(self) -> None:
        """Ask the host for a sign of life before the job's page says that it is back."""
        loop.run(self._agent.version())
        with transaction.atomic():
            self._lease.update(away_since=None)
            announce(self._job)
        self._job.away_since = None

    def _start(self) -> None:
        """Start the run; the note that it was keeps everyone after us from starting it again."""
        step, job = self._step, self._job
        loop.run(
            self._agent.start(step.run_id, tuple(step.argv), one_word(job.requester_name), job.pk.hex[:12])
        )
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
            self._end_run_in_time()
            if self._ending is None:
                self._confirming.look()
        self._store(buffer.take(everything=ended and following.exception() is None))
        end = following.result()
        if self._ending and end.status:
            raise self._ending
        return end

    def _end_run_in_time(self) -> None:
        """End the run on the host, its whole process group, once it is late or someone asked for that."""
        if self._ending is None:
            if late := self._lateness():
                self._end_run(CommandFailed(late))
            elif self._cancel_is_asked_for():
                self._end_run(Cancelled("It was cancelled; the command was ended on the host."))
        elif monotonic() - self._ended_at > END_PATIENCE_S:
            self._note_that_it_may_still_run()
            raise GivenUp(UNENDING)

    def _end_run(self, why: PanelError) -> None:
        loop.run(self._agent.cancel(self._step.run_id))
        self._ending, self._ended_at = why, monotonic()

    def _lateness(self) -> str:
        started_at, limit_s = self._step.started_at, self._step.timeout_s
        if started_at is None or timezone.now() < started_at + timedelta(seconds=limit_s):
            return ""
        return f"It ran for more than {_length(limit_s)} and was ended."

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
            if prompt_of(self._step):  # the job's page is told: its status says so, and not its output alone
                announce(self._job)

    def _wait_or_give_up(self, error: HostUnreachable) -> None:
        """Count the host's absence from its first refusal, or from the last time that it was there."""
        if self._cancel_is_asked_for():
            self._note_that_it_may_still_run()
            raise Cancelled(AWAY) from error
        now = monotonic()
        if self._away_since is None or isinstance(error, ConnectionLost):
            self._away_since = now
        waited_s = now - self._away_since
        if self._step.started_at is None and waited_s > FIRST_PATIENCE_S:
            raise error
        if self._step.started_at and (self._job.away_since or waited_s > PATIENCE_S):
            self._leave_for_later(error)
        if stopping.wait(RETRY_S):
            raise LetGo

    def _leave_for_later(self, error: HostUnreachable) -> None:
        """Free the worker: the command goes on without us, or its end is kept on the host."""
        if has_given_up(self._job):
            self._note_that_it_may_still_run()
            raise GivenUp(GONE) from error
        raise HostAway from error

    def _note_that_it_may_still_run(self) -> None:
        if self._step.started_at is not None:
            with transaction.atomic():
                self._lease.renew()
                Step.objects.filter(pk=self._step.pk).update(may_still_run=True)


def has_given_up(job: Job) -> bool:
    """Tell whether a job's host has been away for longer than a job waits."""
    return job.away_since is not None and timezone.now() - job.away_since > AWAY_LIMIT


def end_given_up_runs(agent: Agent, job: Job) -> None:
    """End what earlier jobs left on the host without knowing its end, before this one starts anything there.

    Raises:
        HostUnreachable: The host does not answer.
        PanelError: It cannot end them.
    """
    for step in Step.objects.filter(may_still_run=True, job__host_id=job.host_id):
        with suppress(UnknownRun):
            loop.run(agent.cancel(step.run_id))
        Step.objects.filter(pk=step.pk).update(may_still_run=False)


def _ended(following: Future[RunEnd]) -> bool:
    """Wait at most one flush interval for the end of the run."""
    try:
        following.exception(timeout=settings.JOB_OUTPUT_FLUSH_S)
    except NotYet:
        return False
    return True


def _length(seconds: int) -> str:
    return f"{seconds // 60} minutes" if seconds >= 120 else f"{seconds} seconds"


def one_word(name: str) -> str:
    """Return a person's name as one word of the agent's protocol."""
    return re.sub(r"[^A-Za-z0-9_.@+-]", "_", name)[:64] or "unknown"
