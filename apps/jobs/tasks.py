"""Celery's entry points: each takes ids, looks at the database, and may come twice or never."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task
from celery.signals import worker_ready, worker_shutting_down
from django.db.models import Q
from django.utils import timezone

from apps.jobs import engine, steprun
from apps.jobs.approvals import expire_approvals
from apps.jobs.models import Job, JobState
from apps.jobs.wakeups import send, wake_lane


@shared_task
def advance_lane(host_id: str) -> None:
    """Run the next job of a host, and ask for the one after it."""
    if engine.advance_lane(UUID(host_id)):
        wake_lane(UUID(host_id))


@shared_task
def sweep() -> None:
    """Wake every lane that has something to do: wake-ups get lost, and workers die."""
    expire_approvals()
    orphaned = Q(state=JobState.RUNNING) & Q(lease_until__lte=timezone.now())
    waiting = Q(state=JobState.QUEUED)
    lanes = Job.objects.filter(orphaned | waiting).order_by("host_id").values_list("host_id", flat=True)
    for host_id in lanes.distinct():
        wake_lane(host_id)


@worker_ready.connect
def _sweep_at_start(**_: object) -> None:
    send("apps.jobs.tasks.sweep")


@worker_shutting_down.connect
def _let_go(**_: object) -> None:
    steprun.stopping.set()
