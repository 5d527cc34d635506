"""Celery's entry points for schedules: each looks at the database, and may come twice or never."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from celery import shared_task
from django.utils import timezone

from apps.jobs.wakeups import send
from apps.schedules import runs
from apps.schedules.services import RUN_TASK

# So long a message may be under way before it counts as lost.
GRACE = timedelta(seconds=20)


@shared_task
def run(schedule_id: str) -> None:
    """Do what is due of one schedule."""
    runs.run_schedule(UUID(schedule_id))


@shared_task
def sweep() -> None:
    """Wake what should have run by now: messages get lost, and beat may have stood still."""
    for schedule in runs.due_schedules(timezone.now(), GRACE):
        send(RUN_TASK, str(schedule.pk))
