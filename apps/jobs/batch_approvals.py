"""Approving many jobs of a batch at once: those that stood on one page, each by its own hash.

Each is approved, or not, by itself and in a transaction of its own (approvals.py); that many were looked at
together changes nothing of what an approval is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Min, Q, QuerySet
from django.utils import timezone

from apps.accounts.actor import Actor
from apps.accounts.permissions import Perm, denial
from apps.audit.services import Subject, record
from apps.freebsd.errors import Conflict, NotAllowed
from apps.jobs.approvals import job_approve, job_reject
from apps.jobs.models import Batch, Job, JobState
from apps.jobs.queries import job_list
from apps.jobs.second_person import why_never

# As many as a person looks at, and a page holds with all their commands.
MOST_AT_ONCE = 50
NOT_THE_SAME = "These are not the jobs that wait for an approval any more. Look at them again."


@dataclass(frozen=True, slots=True)
class WaitingBatch:
    """A batch of which jobs wait for a second person.

    Args:
        batch: The batch.
        count: How many of its jobs wait, as far as one may see them.
        mine: How many of them one may decide.
        until: When the first of them runs out.
    """

    batch: Batch
    count: int
    mine: int
    until: datetime


def batches_waiting(actor: Actor, at_most: int) -> list[WaitingBatch]:
    """Return the batches of which jobs wait, what runs out first before others. Two queries for all."""
    jobs = job_list(actor).select_related(None).filter(state=JobState.AWAITING, batch__isnull=False)
    mine = Count("pk", filter=_decided_by(actor))
    rows = (
        jobs.order_by().values("batch_id").annotate(count=Count("pk"), mine=mine, until=Min("approval_until"))
    )
    found = list(rows.order_by("until", "batch_id")[:at_most])
    batches = Batch.objects.in_bulk([row["batch_id"] for row in found])
    return [WaitingBatch(batches[row["batch_id"]], row["count"], row["mine"], row["until"]) for row in found]


def batch_waiting(actor: Actor, batch: Batch) -> QuerySet[Job]:
    """Return the jobs of a batch that wait for this actor, in their order, with their hosts."""
    waiting = Job.objects.filter(batch=batch, state=JobState.AWAITING, approval_until__gt=timezone.now())
    return waiting.filter(_decided_by(actor)).select_related("host", "batch").order_by("batch_position")


def _decided_by(actor: Actor) -> Q:
    """Say of which jobs an actor is the second person, as `why_never` does for one."""
    if actor.user_id is None:
        return Q(pk__in=[])
    others = ~Q(requester_name=actor.name) & (Q(requester__isnull=True) | ~Q(requester=actor.user_id))
    hosts = actor.scope(Perm.JOB_APPROVE)
    return others if hosts is None else others & Q(host__in=hosts)


def why_not_batch(actor: Actor, batch: Batch) -> str:
    """Return why an actor approves nothing of a batch; empty when there may be something."""
    hosts: set[UUID] = set(batch.jobs.order_by().values_list("host_id", flat=True).distinct())
    if not any(actor.may(Perm.JOB_APPROVE, host_id) for host_id in hosts):
        return denial(Perm.JOB_APPROVE)
    own = batch.jobs.first()
    reason = why_never(actor, own) if own else ""
    # On this one host they may not, but on another one they may.
    return "" if reason == denial(Perm.JOB_APPROVE) else reason


def hash_of(jobs: Sequence[Job]) -> str:
    """Return the SHA-256 (hex) of which jobs stood on a page, with the hash of each one's plan."""
    return hashlib.sha256(
        "\n".join(f"{job.batch_id} {job.batch_position} {job.plan_hash}" for job in jobs).encode()
    ).hexdigest()


def batch_approve(*, actor: Actor, batch: Batch, seen: str) -> int:
    """Agree to the jobs of a batch that the actor looked at.

    Args:
        actor: The second person.
        batch: The batch.
        seen: `hash_of` the jobs that their page showed.

    Returns:
        How many were approved; what was cancelled at this moment is not.

    Raises:
        NotAllowed: The actor may not approve any of its jobs.
        Conflict: They are not the ones that wait now.
    """
    jobs = _seen(actor, batch, seen)
    count = sum(_done(partial(_approve, actor), job) for job in jobs)
    _record(actor, "batch.approved", batch, jobs=count)
    return count


def batch_reject(*, actor: Actor, batch: Batch, seen: str, reason: str) -> int:
    """Refuse the jobs of a batch that the actor looked at, each with the reason.

    Returns:
        How many were rejected.

    Raises:
        NotAllowed: The actor may not approve any of its jobs.
        InvalidInput: There is no reason.
        Conflict: They are not the ones that wait now.
    """
    jobs = _seen(actor, batch, seen)
    count = sum(_done(partial(_reject, actor, reason), job) for job in jobs)
    _record(actor, "batch.rejected", batch, jobs=count, reason=reason)
    return count


def _record(actor: Actor, action: str, batch: Batch, **detail: Any) -> None:
    """Sum up in one event what the jobs' own events say one by one."""
    with transaction.atomic():
        record(actor=actor, action=action, subject=Subject("batch", str(batch.pk), batch.title), **detail)


def _seen(actor: Actor, batch: Batch, seen: str) -> list[Job]:
    if reason := why_not_batch(actor, batch):
        raise NotAllowed(reason)
    jobs = list(batch_waiting(actor, batch)[:MOST_AT_ONCE])
    if not jobs or hash_of(jobs) != seen:
        raise Conflict(NOT_THE_SAME)
    return jobs


def _approve(actor: Actor, job: Job) -> None:
    job_approve(actor=actor, job=job, plan_hash=job.plan_hash)


def _reject(actor: Actor, reason: str, job: Job) -> None:
    job_reject(actor=actor, job=job, reason=reason)


def _done(decide: Callable[[Job], None], job: Job) -> bool:
    with suppress(Conflict):
        decide(job)
        return True
    return False
