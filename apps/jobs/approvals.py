"""The second person: they see the commands of a job that waits, and agree to exactly these, or not.

An approval covers one job, and of it one plan: its hash is stored beside the approver's name, and the
engine runs nothing that does not hash to it. It runs out as the wait for it did.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.utils import timezone

from apps.accounts.actor import PANEL, Actor
from apps.audit.services import Subject, record
from apps.freebsd.errors import Conflict, InvalidInput, NotAllowed
from apps.jobs.models import WAITING_STATES, Job, JobState, StepState
from apps.jobs.second_person import why_never, why_not_now
from apps.jobs.services import announce, first_state, tell_batch
from apps.jobs.wakeups import wake_lane
from apps.pages.wording import full_time

MOST_REASON = 500
MEANWHILE = "It was approved, rejected or cancelled meanwhile, or its time ran out. Look at it again."
NOT_THE_SAME = "These are not the commands that wait for an approval. Look at them again."


def job_approve(*, actor: Actor, job: Job, plan_hash: str) -> None:
    """Agree to a job that waits for a second person; it is queued then.

    Args:
        actor: The second person.
        job: The job.
        plan_hash: The hash of the plan that they saw.

    Raises:
        NotAllowed: The actor may not, or asked for the job themselves.
        Conflict: It does not wait any more, or its plan is not the one that they saw.
    """
    _check_may(actor, job)
    if plan_hash != job.plan_hash or not plan_holds(job):
        raise Conflict(NOT_THE_SAME)
    now = timezone.now()
    values = {
        "state": first_state(job.batch),
        "approver_id": actor.user_id,
        "approver_name": actor.name,
        "approved_at": now,
        "approved_hash": plan_hash,
        "approval_until": now + valid_for(job),
    }
    with transaction.atomic():
        # Only one of two who press the button at once finds it waiting.
        waiting = Job.objects.filter(pk=job.pk, state=JobState.AWAITING, approval_until__gt=now)
        if not waiting.filter(plan_hash=plan_hash).update(**values):
            raise Conflict(MEANWHILE)
        _record(actor, "job.approved", job, plan_hash=plan_hash)
        transaction.on_commit(partial(wake_lane, job.host_id))
        tell_batch(job)
        announce(job)


def job_reject(*, actor: Actor, job: Job, reason: str) -> None:
    """Refuse a job that waits for a second person; it is over then.

    Args:
        actor: The second person.
        job: The job.
        reason: What is wrong with it, for the one who asked.

    Raises:
        NotAllowed: The actor may not, or asked for the job themselves: they cancel it.
        InvalidInput: There is no reason.
        Conflict: It does not wait any more.
    """
    _check_may(actor, job)
    text = " ".join(reason.split())[:MOST_REASON]
    if not text:
        raise InvalidInput("Say why, for the one who asked.", field="reason")
    with transaction.atomic():
        if not _end(job, (JobState.AWAITING,), f"{actor.name} rejected it: {text}"):
            raise Conflict(MEANWHILE)
        _record(actor, "job.rejected", job, reason=text)


def expire_approvals() -> int:
    """End the jobs whose time for an approval, or for beginning with it, has run out.

    Returns:
        How many these were.
    """
    now = timezone.now()
    late = Job.objects.filter(state__in=WAITING_STATES, approval_until__lte=now)
    return sum(_expire(job, now) for job in late.order_by("created_at"))


def _expire(job: Job, now: datetime) -> bool:
    if job.state == JobState.AWAITING:
        outcome = f"Nobody approved it until {full_time(job.approval_until or now)}. Ask for it again."
    else:
        outcome = (
            f"{job.approver_name} approved it, but it did not begin before that ran out. Ask for it again."
        )
    with transaction.atomic():
        # Who is approving it at this moment has moved its end away.
        ended = _end(job, (job.state,), outcome, approval_until__lte=now)
        if ended:
            _record(PANEL, "job.approval_expired", job, approved_by=job.approver_name or None)
        return ended


def _end(job: Job, states: tuple[str, ...], outcome: str, **still: datetime) -> bool:
    values = {"state": JobState.CANCELLED, "ended_at": timezone.now(), "outcome": outcome}
    if not Job.objects.filter(pk=job.pk, state__in=states, **still).update(**values):
        return False
    job.steps.update(state=StepState.SKIPPED)
    tell_batch(job)
    announce(job)
    return True


def plan_holds(job: Job) -> bool:
    """Say whether the stored plan still has its hash, and the steps are its commands."""
    try:
        plan = job.stored_plan
    except (KeyError, TypeError):
        return False
    steps = [tuple(argv) for argv in job.steps.order_by("position").values_list("argv", flat=True)]
    return plan.hash == job.plan_hash and steps == [command.argv for command in plan.commands]


def valid_for(job: Job) -> timedelta:
    """Return for how long a waiting job's approval is valid: as its policy said when it was asked for."""
    if job.approval_until is None:
        raise Conflict(MEANWHILE)
    waits = job.approval_until - job.created_at
    return timedelta(hours=max(1, round(waits / timedelta(hours=1))))


def _check_may(actor: Actor, job: Job) -> None:
    if reason := why_never(actor, job):
        raise NotAllowed(reason)
    if why_not_now(job):
        raise Conflict(MEANWHILE)


def _record(actor: Actor, action: str, job: Job, **detail: str | None) -> None:
    subject = Subject("job", str(job.pk), job.title, job.host_id)
    record(actor=actor, action=action, subject=subject, job_id=job.pk, **detail)
