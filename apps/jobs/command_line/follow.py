"""`manage.py jobs follow`: what a job prints, as it comes, until it has ended; it only reads.

The database is asked again and again, so it may be away for a while, and neither Redis nor a worker is
needed. What is printed is read a piece at a time and written as bytes.
"""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable
from typing import TypeVar
from uuid import UUID

from django.db import InterfaceError, OperationalError, connection
from django.db.models import QuerySet

from apps.jobs.command_line.console import Console, plain
from apps.jobs.models import OPEN_STEPS, Job, JobState, OutputChunk, Step
from apps.jobs.queries import jobs_ahead
from apps.pages.status import look_of
from apps.pages.wording import duration, size

T = TypeVar("T")

# How long to wait between two looks: at first, and at most while nothing comes.
SOON_S, LATEST_S = 0.2, 2.0
AWAY_S = 2.0
# Of at most 32 KiB each (output.py).
CHUNKS = 16


def job_follow(console: Console, job: Job, *, from_end: bool) -> int:
    """Print what a job printed so far and what it prints from now on, until its end.

    Args:
        console: Where to.
        job: The job.
        from_end: Whether what it printed so far is left out.

    Returns:
        The exit status: 0 when it succeeded, 1 when not.
    """
    reader = Reader(console, job)
    if from_end:
        _patiently(console, reader.skip)
    wait_s = SOON_S
    while True:
        now, came = _patiently(console, reader.read)
        if now is None:
            console.note("The job is gone from the panel, and its host with it.", "red")
            return 1
        if not now.is_open:
            return _end(console, now)
        wait_s = SOON_S if came else min(LATEST_S, wait_s * 1.5)
        time.sleep(wait_s)


def _patiently(console: Console, read: Callable[[], T]) -> T:
    """Read from the database; while it is away, wait for it."""
    is_away = False
    while True:
        try:
            found = read()
        except (OperationalError, InterfaceError):
            # A broken connection would stay broken.
            connection.close()
            if not is_away:
                console.note("The database does not answer; the job goes on. Waiting for it.", "orange")
            is_away = True
            time.sleep(AWAY_S)
        else:
            if is_away:
                console.note("The database is back.")
            return found


def _end(console: Console, job: Job) -> int:
    look = look_of(job.state, "job")
    took = f" after {duration(job.ended_at - job.started_at)}" if job.started_at and job.ended_at else ""
    console.note(f"{plain(job.title)} on {plain(job.host.name)}: {look.label.lower()}{took}.", look.colour)
    for line in job.outcome.splitlines():
        console.note(plain(line))
    return 0 if job.state == JobState.SUCCEEDED else 1


class Reader:
    """Reads a job's output step by step, and remembers how far it came.

    Args:
        console: Where it writes.
        job: The job.
    """

    def __init__(self, console: Console, job: Job) -> None:
        self._console = console
        self._job_id: UUID = job.pk
        self._position, self._offset = 0, 0
        self._announced = -1
        self._stage = ""

    def skip(self) -> None:
        """Go to the end of what has been printed so far."""
        last = self._steps().filter(started_at__isnull=False).last()
        if last is not None:
            self._position, self._offset, self._announced = last.position, last.output_bytes, last.position

    def read(self) -> tuple[Job | None, bool]:
        """Write what came since the last time.

        Returns:
            The job as it was before that: nothing follows when it had ended. And whether anything came.
        """
        job = Job.objects.select_related("host").defer("plan", "intent").filter(pk=self._job_id).first()
        if job is None:
            return None, False
        self._say_stage(job)
        came = False
        for step in self._steps().filter(position__gte=self._position):
            if step.started_at is None:
                break
            came |= self._read_step(step)
            if step.state in OPEN_STEPS:
                break
            self._leave(step)
        return job, came

    def _steps(self) -> QuerySet[Step]:
        return Step.objects.filter(job=self._job_id).order_by("position")

    def _read_step(self, step: Step) -> bool:
        self._say_command(step)
        came = False
        while chunks := self._next_chunks(step):
            for chunk in chunks:
                self._say_left_out(chunk.offset - self._offset)
                self._console.raw(bytes(chunk.data))
                self._offset = chunk.offset + len(chunk.data)
            came = True
        return came

    def _next_chunks(self, step: Step) -> list[OutputChunk]:
        chunks = OutputChunk.objects.filter(step=step, offset__gte=self._offset)
        return list(chunks.order_by("offset")[:CHUNKS])

    def _leave(self, step: Step) -> None:
        self._say_left_out(step.output_bytes - self._offset)
        self._position, self._offset = step.position + 1, 0

    def _say_command(self, step: Step) -> None:
        if self._announced < step.position:
            self._console.note(f"# {shlex.join(map(plain, step.argv))}", "blue")
        self._announced = max(self._announced, step.position)

    def _say_left_out(self, count: int) -> None:
        if count > 0:
            self._console.note(f"[{size(count)} left out here: the panel does not keep so much]", "orange")

    def _say_stage(self, job: Job) -> None:
        stage = _stage(job)
        if stage and stage != self._stage:
            self._console.note(stage, "orange")
        self._stage = stage


def _stage(job: Job) -> str:
    """Say why nothing happens, while nothing does."""
    if job.state == JobState.AWAITING:
        return "It waits for somebody else to approve it."
    if job.state == JobState.HELD:
        return "It waits for its turn in its batch."
    if job.state == JobState.QUEUED:
        ahead = jobs_ahead(job)
        return (
            f"It waits for {ahead} other{'' if ahead == 1 else 's'} on {plain(job.host.name)}."
            if ahead
            else "It waits for a worker."
        )
    if job.is_being_cancelled:
        return f"{plain(job.cancel_requested_by)} asked for its end."
    if job.away_since and job.is_open:
        return f"{plain(job.host.name)} does not answer; the job waits for it."
    return ""
