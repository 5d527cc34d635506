"""Reads of jobs, narrowed to what the actor may see."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404

from apps.accounts.actor import Actor
from apps.accounts.permissions import Perm
from apps.jobs.models import OPEN_STATES, Job, JobState, OutputChunk

OUTPUT_PAGE_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class OutputPart:
    """A piece of what a job printed.

    Args:
        step: Position of the step (from 0).
        text: The output, decoded; bytes that are not UTF-8 show as U+FFFD.
        cursor: Where the next piece begins: `step:offset`.
        more: Whether there is more already.
        is_first: Whether the step's output begins with it.
    """

    step: int
    text: str
    cursor: str
    more: bool
    is_first: bool = False


def job_list(actor: Actor) -> QuerySet[Job]:
    """Return the jobs of the hosts that the actor may see, newest first, with their hosts."""
    hosts = actor.scope(Perm.JOB_VIEW)
    jobs = Job.objects.select_related("host").order_by("-created_at")
    return jobs if hosts is None else jobs.filter(host_id__in=hosts)


def job_get(*, actor: Actor, job_id: UUID) -> Job:
    """Return one job with its steps.

    Raises:
        Http404: There is none that the actor may see.
    """
    job = job_list(actor).prefetch_related("steps").filter(pk=job_id).first()
    if job is None:
        raise Http404
    return job


def open_jobs_of(host_id: UUID) -> QuerySet[Job]:
    """Return what is queued or running on a host, oldest first."""
    return Job.objects.filter(host_id=host_id, state__in=OPEN_STATES).order_by("created_at")


def jobs_ahead(job: Job) -> int:
    """Return how many jobs of the host come first while this one waits."""
    if job.state != JobState.QUEUED:
        return 0
    lane = open_jobs_of(job.host_id).filter(state__in=(JobState.QUEUED, JobState.RUNNING))
    return lane.filter(created_at__lt=job.created_at).count()


def output_after(job: Job, cursor: str) -> list[OutputPart]:
    """Return what the job printed after `cursor` (`step:offset`, empty for the beginning).

    At most about 64 KB at once, in order. A piece ends at a whole line or chunk, and never
    inside a UTF-8 character.
    """
    position, offset = _cursor(cursor)
    parts: list[OutputPart] = []
    left = OUTPUT_PAGE_BYTES
    for step in job.steps.all():
        start = offset if step.position == position else 0
        if step.position < position or step.output_bytes <= start:
            continue
        if data := _read(step.pk, start, left):
            end = start + len(data)
            left -= len(data)
            text = data.decode(errors="replace")
            parts.append(OutputPart(step.position, text, f"{step.position}:{end}", left <= 0, start == 0))
        if left <= 0:
            break
    return parts


def _cursor(text: str) -> tuple[int, int]:
    position, _, offset = text.partition(":")
    if position.isascii() and position.isdigit() and offset.isascii() and offset.isdigit():
        return int(position[:6]), int(offset[:18])
    return 0, 0


def _read(step_id: int, start: int, at_most: int) -> bytes:
    """Whole chunks from byte `start` on, at least one, then up to `at_most` bytes."""
    data = b""
    chunks = OutputChunk.objects.filter(step_id=step_id, offset__gte=start).order_by("offset")
    for chunk in chunks.iterator(chunk_size=50):
        data += bytes(chunk.data)
        if len(data) >= at_most:
            break
    return data
