"""Making jobs: the plan is stored, the lane is woken once the transaction has committed."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.accounts.actor import Actor
from apps.accounts.permissions import Perm
from apps.audit.services import Subject, record
from apps.freebsd.commands import PlanStep
from apps.freebsd.errors import Conflict
from apps.jobs.events import publish
from apps.jobs.lease import end_wait
from apps.jobs.models import WAITING_STATES, Batch, Job, JobState, Step, StepState
from apps.jobs.plan import Plan
from apps.jobs.policies import approval_until
from apps.jobs.wakeups import wake_batch, wake_lane

MAX_QUEUED_PER_HOST = 100


@dataclass(frozen=True, slots=True)
class Because:
    """What a job belongs to, when it was not simply asked for.

    Args:
        batch: The batch that it is one of.
        position: Its place in the batch's order, from 0.
        origin: The job that it tries again or mends.
    """

    batch: Batch | None = None
    position: int | None = None
    origin: Job | None = None


ASKED_FOR = Because()


def job_create(
    *,
    actor: Actor,
    host_id: UUID,
    plan: Plan,
    subject: str,
    intent: dict[str, Any],
    idempotency_key: str = "",
    because: Because = ASKED_FOR,
) -> Job:
    """Queue a plan on a host; called by services that have checked the permission.

    Where a policy asks for a second person it waits for them first (approvals.py), and in a batch for its
    turn (batches.py).

    Args:
        actor: Who asks.
        host_id: The host whose lane it waits in.
        plan: The commands, as previewed.
        subject: The safe name of the jail that it is about, or empty.
        intent: What was asked for, as JSON values; `verify` and a retry read it.
        idempotency_key: Names the wish: the same one makes one job, however often it is posted.
        because: What it belongs to.

    Returns:
        The new job, or the one that this wish made before.

    Raises:
        Conflict: The host's queue is full, or the host is gone.
    """
    wish = _wish(actor, host_id, plan, idempotency_key or secrets.token_hex(16))
    if existing := Job.objects.filter(idempotency_key=wish).first():
        return existing
    waiting = Job.objects.filter(host_id=host_id, state__in=(JobState.AWAITING, JobState.QUEUED))
    if waiting.count() >= MAX_QUEUED_PER_HOST:
        raise Conflict(f"{MAX_QUEUED_PER_HOST} jobs wait on this host already. Try again when some have run.")
    try:
        with transaction.atomic():
            return _insert(actor, host_id, plan, subject=subject, intent=intent, wish=wish, because=because)
    except IntegrityError:
        if existing := Job.objects.filter(idempotency_key=wish).first():
            return existing
        raise Conflict("The host was removed from the panel meanwhile.") from None


def job_find(*, actor: Actor, host_id: UUID, plan: Plan, idempotency_key: str) -> Job | None:
    """Return the job that this wish made before, if it did."""
    wish = _wish(actor, host_id, plan, idempotency_key)
    return Job.objects.filter(idempotency_key=wish).first() if idempotency_key else None


def _wish(actor: Actor, host_id: UUID, plan: Plan, key: str) -> str:
    """Tie a form's key to who sent it, the host and the commands.

    A key that someone else used, or that a browser sends again with a changed form, is another wish.
    """
    parts = (str(actor.user_id), str(host_id), plan.hash, key)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _insert(
    actor: Actor,
    host_id: UUID,
    plan: Plan,
    *,
    subject: str,
    intent: dict[str, Any],
    wish: str,
    because: Because,
) -> Job:
    until = approval_until(host_id, plan.kind)
    job = job_row(
        actor, host_id, plan, subject=subject, intent=intent, wish=wish, because=because, until=until
    )
    job.save(force_insert=True)
    Step.objects.bulk_create(step_rows(job))
    transaction.on_commit(partial(wake_lane, host_id))
    announce(job)
    return job


def job_row(
    actor: Actor,
    host_id: UUID,
    plan: Plan,
    *,
    subject: str,
    intent: dict[str, Any],
    wish: str,
    because: Because,
    until: datetime | None,
) -> Job:
    """Return a job that is not stored yet.

    Args:
        actor: Who asks.
        host_id: The host whose lane it waits in.
        plan: The commands, as previewed.
        subject: The safe name of the jail that it is about, or empty.
        intent: What was asked for.
        wish: Its idempotency key.
        because: What it belongs to.
        until: Until when it waits for a second person, where it needs one.
    """
    return Job(
        host_id=host_id,
        kind=plan.kind,
        title=plan.title,
        state=JobState.AWAITING if until else first_state(because.batch),
        approval_until=until,
        batch=because.batch,
        batch_position=because.position,
        origin=because.origin,
        subject=subject,
        intent=intent,
        plan=plan.to_json(),
        plan_hash=plan.hash,
        requester_id=actor.user_id,
        requester_name=actor.name,
        requester_address=actor.address,
        idempotency_key=wish,
    )


def first_state(batch: Batch | None) -> JobState:
    """Return where a job goes that nobody need agree to (any more): its host's queue, or its batch's."""
    return JobState.HELD if batch else JobState.QUEUED


def step_rows(job: Job) -> list[Step]:
    """Return the steps of a job, not stored yet."""
    return [_step(job, position, command) for position, command in enumerate(job.stored_plan.commands)]


def _step(job: Job, position: int, command: PlanStep) -> Step:
    return Step(
        job=job,
        position=position,
        run_id=f"{job.pk.hex}-{position}",
        argv=list(command.argv),
        purpose=command.purpose,
        timeout_s=command.timeout_s,
    )


def job_cancel(*, actor: Actor, job: Job) -> None:
    """End a job: at once while it waits, else by telling the worker that runs it.

    Raises:
        NotAllowed: The actor may not.
        Conflict: It has ended already, or someone asked for this before.
    """
    actor.require(Perm.JOB_CANCEL, job.host_id)
    now = timezone.now()
    asked = {"cancel_requested_at": now, "cancel_requested_by": actor.name}
    open_jobs = Job.objects.filter(pk=job.pk, cancel_requested_at__isnull=True)
    with transaction.atomic():
        outcome = f"{actor.name} cancelled it before it began."
        ended = {**asked, "state": JobState.CANCELLED, "ended_at": now, "outcome": outcome}
        if open_jobs.filter(state__in=WAITING_STATES).update(**ended):
            job.steps.update(state=StepState.SKIPPED)
        elif not open_jobs.filter(state=JobState.RUNNING).update(**asked):
            raise Conflict("It has ended already, or is being cancelled.")
        else:
            _take_up_at_once(job)
        subject = Subject("job", str(job.pk), job.title, job.host_id)
        record(actor=actor, action="job.cancel_requested", subject=subject, job_id=job.pk)
        announce(job)
        tell_batch(job)


def _take_up_at_once(job: Job) -> None:
    """Nobody works on a job that waits for its host: have a worker look at it now."""
    if end_wait(job.host_id):
        transaction.on_commit(partial(wake_lane, job.host_id))


def announce(job: Job) -> None:
    """Tell open pages, once the transaction has committed, that the job changed."""
    batch = (f"batch:{job.batch_id}",) if job.batch_id else ()
    for topic in ("jobs", f"job:{job.pk}", f"host:{job.host_id}", *batch):
        transaction.on_commit(partial(publish, topic, str(job.pk)))


def tell_batch(job: Job) -> None:
    """Have a job's batch, if it is one of some, let go of the next once the transaction has committed."""
    if job.batch_id:
        transaction.on_commit(partial(wake_batch, job.batch_id))
