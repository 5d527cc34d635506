"""Celery's entry points: each takes ids, looks at the database, and may come twice or never."""

from __future__ import annotations

import os
import threading
from uuid import UUID

from celery import shared_task
from celery.signals import worker_ready, worker_shutting_down
from django.utils import timezone

from apps.jobs import batches, engine, lanes, steprun
from apps.jobs.approvals import expire_approvals
from apps.jobs.models import Batch, Job, JobState
from apps.jobs.wakeups import send, wake_batch, wake_lane

# How long a worker that was told to stop may take.
END_S = 8.0


@shared_task
def advance_lane(host_id: str) -> None:
    """Run the next job of a host, and ask for the one after it.

    Jobs take all threads of a worker but a few, which are left for looks and sweeps; a lane that finds no
    thread is woken when one is free.
    """
    with lanes.thread_for(UUID(host_id)) as is_free:
        if is_free and engine.advance_lane(UUID(host_id)):
            wake_lane(UUID(host_id))


@shared_task
def advance_batch(batch_id: str) -> None:
    """Let go of a batch's next jobs, or stop or end it."""
    batches.advance(UUID(batch_id))


@shared_task
def sweep() -> None:
    """Wake every lane and batch that has something to do: wake-ups get lost, and workers die."""
    expire_approvals()
    for batch_id in Batch.objects.filter(ended_at__isnull=True).values_list("pk", flat=True):
        wake_batch(batch_id)
    running = Job.objects.filter(state=JobState.RUNNING)
    worked_on = running.filter(lease_until__gt=timezone.now()).values("host_id")
    waiting = Job.objects.filter(state__in=(JobState.RUNNING, JobState.QUEUED)).exclude(host__in=worked_on)
    for host_id in waiting.order_by("host_id").values_list("host_id", flat=True).distinct():
        wake_lane(host_id)


@worker_ready.connect
def _sweep_at_start(**_: object) -> None:
    send("apps.jobs.tasks.sweep")


@worker_shutting_down.connect
def _let_go(**_: object) -> None:
    steprun.stopping.set()
    end_in_time()


def end_in_time() -> None:
    """End this process in END_S seconds, whatever it still waits for.

    By then it has let go of its jobs, and what it has not finished is safe: it may be killed at any moment.
    A broker or a host that hangs would keep it for longer.
    """
    timer = threading.Timer(END_S, os._exit, (0,))
    timer.daemon = True
    timer.start()
