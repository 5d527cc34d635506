"""Batches: one wish over many hosts, whose jobs are stored together and let go of one after the other.

Which may begin is in batch_rules.py. `advance` looks at all jobs of a batch and acts on what it sees, so it
may be called twice, by two workers at once, or late: after a job's end, and by the sweeper for each batch
that has not ended.
"""

from __future__ import annotations

import hashlib
import secrets
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.accounts.actor import PANEL, Actor
from apps.accounts.permissions import Perm
from apps.audit.services import Entry, Subject, record, record_all
from apps.freebsd.errors import Conflict
from apps.jobs.batch_rules import Member, Pace, next_up, why_stop
from apps.jobs.events import publish
from apps.jobs.models import (
    OPEN_STATES,
    WAITING_STATES,
    Batch,
    BatchState,
    Job,
    JobState,
    Step,
    StepState,
)
from apps.jobs.plan import Plan
from apps.jobs.policies import approvals_until
from apps.jobs.services import Because, announce, job_cancel, job_row, step_rows
from apps.jobs.wakeups import wake_lane


@dataclass(frozen=True, slots=True)
class Child:
    """One job that a batch is to have.

    Args:
        host_id: The host whose lane it waits in.
        plan: The commands, as previewed.
        subject: The safe name of the jail that it is about, or empty.
        intent: What was asked for, as JSON values.
        action: What the record calls the asking: `jail.start_requested`.
        about: What the record says that it is about.
    """

    host_id: UUID
    plan: Plan
    subject: str
    intent: dict[str, Any]
    action: str
    about: Subject


def batch_create(
    *, actor: Actor, kind: str, title: str, children: Sequence[Child], pace: Pace, idempotency_key: str
) -> Batch:
    """Store a batch with all its jobs, and let go of the first.

    Called by services that have checked the permission for each job.

    Args:
        actor: Who asks.
        kind: The kind of its jobs.
        title: What it does, in a few words.
        children: Its jobs, in their order.
        pace: How it goes through them.
        idempotency_key: Names the wish: the same one makes one batch, however often it is posted.

    Returns:
        The new batch, or the one that this wish made before.

    Raises:
        Conflict: One of the hosts is gone.
    """
    if existing := batch_find(actor=actor, idempotency_key=idempotency_key):
        return existing
    wish = _wish(actor, idempotency_key or secrets.token_hex(16))
    batch = Batch(kind=kind, title=title, idempotency_key=wish, **_asked_by(actor), **_as_values(pace))
    try:
        with transaction.atomic():
            batch.save(force_insert=True)
            _store_children(actor, batch, children)
            _advance(batch)
    except IntegrityError:
        if existing := batch_find(actor=actor, idempotency_key=idempotency_key):
            return existing
        raise Conflict("One of the hosts was removed from the panel meanwhile.") from None
    return batch


def batch_find(*, actor: Actor, idempotency_key: str) -> Batch | None:
    """Return the batch that this wish made before, if it did."""
    if not idempotency_key:
        return None
    return Batch.objects.filter(idempotency_key=_wish(actor, idempotency_key)).first()


def _wish(actor: Actor, key: str) -> str:
    """Tie a form's key to who sent it."""
    return hashlib.sha256(f"batch\n{actor.user_id}\n{key}".encode()).hexdigest()


def _asked_by(actor: Actor) -> dict[str, Any]:
    return {
        "requester_id": actor.user_id,
        "requester_name": actor.name,
        "requester_address": actor.address,
    }


def _as_values(pace: Pace) -> dict[str, Any]:
    return {
        "at_once": pace.at_once,
        "stop_after": pace.stop_after,
        "canary": pace.canary,
        "chained": pace.chained,
    }


def _pace(batch: Batch) -> Pace:
    return Pace(batch.at_once, batch.stop_after, batch.canary, batch.chained)


def _store_children(actor: Actor, batch: Batch, children: Sequence[Child]) -> None:
    """Store a thousand jobs in a few queries."""
    waits = approvals_until({child.host_id for child in children}, batch.kind)
    jobs = [
        job_row(
            actor, child.host_id, child.plan, subject=child.subject, intent=child.intent,
            wish=f"{batch.pk.hex}-{position}", because=Because(batch, position), until=waits[child.host_id],
        )
        for position, child in enumerate(children)
    ]  # fmt: skip
    Job.objects.bulk_create(jobs)
    Step.objects.bulk_create(step for job in jobs for step in step_rows(job))
    asked = Entry("batch.requested", _subject(batch), detail={"jobs": len(jobs), **_as_values(_pace(batch))})
    record_all(
        actor=actor,
        entries=[asked, *(_asked(batch, child, job) for child, job in zip(children, jobs, strict=True))],
    )
    _announce(batch, {child.host_id for child in children})


def _asked(batch: Batch, child: Child, job: Job) -> Entry:
    detail = {"batch": str(batch.pk), "plan_hash": job.plan_hash, **child.intent}
    return Entry(child.action, child.about, job.pk, detail)


# -- letting go ------------------------------------------------------------------------------------------


def advance(batch_id: UUID) -> None:
    """Look at a batch: let go of those whose turn it is, stop it, or end it. May be called at any time."""
    with transaction.atomic():
        if batch := _lock(batch_id):
            _advance(batch)


def _lock(batch_id: UUID) -> Batch | None:
    """Keep others from looking at a batch that has not ended until this transaction has."""
    return Batch.objects.select_for_update().filter(pk=batch_id, ended_at__isnull=True).first()


def _advance(batch: Batch) -> None:
    members = _members(batch)
    if batch.state == BatchState.RUNNING and (why := why_stop(_pace(batch), members)):
        _stop(batch, PANEL, "batch.stopped", f"Stopped: {why[0].lower()}{why[1:]}")
    elif batch.state == BatchState.RUNNING:
        _let_go(next_up(_pace(batch), members))
    else:
        # One that was approved at the moment at which the batch was stopped.
        _cancel_waiting(batch, PANEL)
    _end_if_done(batch)


def _members(batch: Batch) -> list[Member]:
    rows = batch.jobs.order_by("batch_position").values_list("pk", "host_id", "state")
    return [Member(*row) for row in rows]


def _let_go(members: Sequence[Member]) -> None:
    ids = [member.job_id for member in members]
    if not ids or not Job.objects.filter(pk__in=ids, state=JobState.HELD).update(state=JobState.QUEUED):
        return
    rows = Job.objects.filter(pk__in=ids).only("pk", "host_id", "batch_id")
    for job in rows.order_by("batch_position"):
        announce(job)
        transaction.on_commit(partial(wake_lane, job.host_id))


def _stop(batch: Batch, actor: Actor, action: str, outcome: str) -> None:
    """Let none begin any more; those that run go on."""
    batch.state, batch.outcome = BatchState.STOPPED, outcome
    batch.save(update_fields=["state", "outcome"])
    cancelled = _cancel_waiting(batch, actor)
    record(actor=actor, action=action, subject=_subject(batch), outcome=outcome, jobs_cancelled=cancelled)
    _announce(batch)


def _cancel_waiting(batch: Batch, actor: Actor) -> int:
    """End what has not begun, each with the batch's reason; returns how many these were."""
    now = timezone.now()
    ended = {"state": JobState.CANCELLED, "ended_at": now, "outcome": f"It had not begun. {batch.outcome}"}
    if actor is not PANEL:
        ended |= {"cancel_requested_at": now, "cancel_requested_by": actor.name}
    if not batch.jobs.filter(state__in=WAITING_STATES).update(**ended):
        return 0
    jobs = list(batch.jobs.filter(state=JobState.CANCELLED, ended_at=now).only("pk", "title", "host_id"))
    Step.objects.filter(job__in=jobs).update(state=StepState.SKIPPED)
    record_all(actor=actor, entries=[_cancelled(batch, job) for job in jobs])
    _announce(batch, {job.host_id for job in jobs})
    return len(jobs)


def _cancelled(batch: Batch, job: Job) -> Entry:
    subject = Subject("job", str(job.pk), job.title, job.host_id)
    return Entry("job.cancelled", subject, job.pk, {"batch": str(batch.pk), "outcome": batch.outcome})


def _end_if_done(batch: Batch) -> None:
    if batch.jobs.filter(state__in=OPEN_STATES).exists():
        return
    came_to = _came_to(batch)
    if batch.state == BatchState.RUNNING:
        batch.state, batch.outcome = BatchState.ENDED, came_to
    batch.ended_at = timezone.now()
    batch.save(update_fields=["state", "outcome", "ended_at"])
    record(actor=PANEL, action="batch.ended", subject=_subject(batch), outcome=came_to)
    _announce(batch)


def _came_to(batch: Batch) -> str:
    counts = Counter(batch.jobs.values_list("state", flat=True))
    said = (f"{counts[state]} {JobState(state).label}" for state in JobState.values if counts[state])
    return f"{', '.join(said) or 'No job is left'}."


# -- ending it -------------------------------------------------------------------------------------------


def batch_cancel(*, actor: Actor, batch: Batch, running: bool) -> None:
    """Let no other job of a batch begin, and, with `running`, end those that run.

    Raises:
        NotAllowed: The actor may not cancel jobs on each host on which one is open.
        Conflict: It has ended, or has been stopped, already.
    """
    for host_id in open_hosts(batch):
        actor.require(Perm.JOB_CANCEL, host_id)
    with transaction.atomic():
        row = _lock(batch.pk)
        if row is None:
            raise Conflict("It has ended already.")
        _lock_open_jobs(row)
        if row.state == BatchState.RUNNING:
            _stop(row, actor, "batch.stop_requested", f"{actor.name} stopped it.")
        elif not running:
            raise Conflict("It was stopped already.")
        if running:
            record(actor=actor, action="batch.cancel_requested", subject=_subject(row))
            _cancel_running(actor, row)
        _end_if_done(row)


def open_hosts(batch: Batch) -> set[UUID]:
    """Return the hosts on which a job of a batch is open."""
    return set(batch.jobs.filter(state__in=OPEN_STATES).values_list("host_id", flat=True))


def _lock_open_jobs(batch: Batch) -> None:
    """Take the jobs before the end of the record, as the engine does, or each would wait for the other."""
    open_jobs = batch.jobs.select_for_update().filter(state__in=OPEN_STATES)
    list(open_jobs.order_by("pk").values_list("pk"))


def _cancel_running(actor: Actor, batch: Batch) -> None:
    for job in batch.jobs.filter(state=JobState.RUNNING, cancel_requested_at__isnull=True):
        # It may end by itself at this moment.
        with suppress(Conflict):
            job_cancel(actor=actor, job=job)


def _subject(batch: Batch) -> Subject:
    return Subject("batch", str(batch.pk), batch.title)


def _announce(batch: Batch, host_ids: set[UUID] | frozenset[UUID] = frozenset()) -> None:
    """Tell open pages, once the transaction has committed, that a batch and jobs on these hosts changed."""
    for topic in ("jobs", f"batch:{batch.pk}", *(f"host:{host_id}" for host_id in host_ids)):
        transaction.on_commit(partial(publish, topic, str(batch.pk)))
