"""Reads of batches: one is there for whoever may see one of its hosts, with the jobs that they may see."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, QuerySet
from django.http import Http404

from apps.accounts.actor import Actor
from apps.accounts.permissions import Perm
from apps.jobs.batch_rules import NOT_WELL
from apps.jobs.models import OPEN_STATES, Batch, Job, JobState
from apps.jobs.queries import job_list

# In which order the states stand in a batch's bar: what is done first, what has not begun last.
BAR = (
    JobState.SUCCEEDED,
    JobState.FAILED,
    JobState.LOST,
    JobState.CANCELLED,
    JobState.RUNNING,
    JobState.QUEUED,
    JobState.HELD,
    JobState.AWAITING,
)


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of a batch's bar.

    Args:
        state: The state of the jobs that it stands for.
        count: How many these are.
        start: How many stand before it.
    """

    state: str
    count: int
    start: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a batch is, as far as one may see it.

    Args:
        counts: State → number of jobs.
    """

    counts: Counter[str]

    @property
    def total(self) -> int:
        """How many jobs it has."""
        return self.counts.total()

    @property
    def ended(self) -> int:
        """How many of them have ended, well or not."""
        return sum(count for state, count in self.counts.items() if state not in OPEN_STATES)

    @property
    def bad(self) -> int:
        """How many of them did not do what they were for."""
        return sum(self.counts[state] for state in NOT_WELL)

    @property
    def left(self) -> int:
        """How many of them are worth another try: they ended, and not well."""
        return self.ended - self.counts[JobState.SUCCEEDED]

    @property
    def segments(self) -> list[Segment]:
        """The stretches of its bar, in order."""
        found: list[Segment] = []
        start = 0
        for state in BAR:
            if count := self.counts[state]:
                found.append(Segment(state, count, start))
                start += count
        return found


def batch_list(actor: Actor) -> QuerySet[Batch]:
    """Return the batches that have a job on a host that the actor may see."""
    hosts = actor.scope(Perm.JOB_VIEW)
    rows = Batch.objects.order_by("-created_at")
    if hosts is None:
        return rows
    return rows.filter(Exists(Job.objects.filter(batch=OuterRef("pk"), host_id__in=hosts)))


def batch_get(*, actor: Actor, batch_id: UUID) -> Batch:
    """Return one batch.

    Raises:
        Http404: There is none that the actor may see.
    """
    batch = batch_list(actor).filter(pk=batch_id).first()
    if batch is None:
        raise Http404
    return batch


def batch_jobs(*, actor: Actor, batch: Batch) -> QuerySet[Job]:
    """Return the jobs of a batch that the actor may see, in their order, with their hosts."""
    return job_list(actor).filter(batch=batch).order_by("batch_position")


def progress_of(actor: Actor, batches: Iterable[Batch]) -> dict[UUID, Progress]:
    """Return how far each of some batches is. One query for all."""
    ids = [batch.pk for batch in batches]
    rows = job_list(actor).select_related(None).filter(batch__in=ids).order_by()
    found = {batch_id: Progress(Counter()) for batch_id in ids}
    for batch_id, state, count in rows.values_list("batch_id", "state").annotate(count=Count("pk")):
        found[batch_id].counts[state] = count
    return found
