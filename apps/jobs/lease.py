"""Holding a job: claimed and written to only by the worker whose fencing number it carries."""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import Q
from django.utils import timezone

from apps.jobs.models import Job, JobState

logger = logging.getLogger(__name__)


class LeaseLost(Exception):
    """Another worker holds the job by now: stop, and write nothing more."""


@dataclass(frozen=True, slots=True)
class Lease:
    """A worker's hold on a running job."""

    job_id: UUID
    fence: int

    def update(self, **values: Any) -> None:
        """Write to the job row.

        Raises:
            LeaseLost: The job is no longer this worker's.
        """
        held = Job.objects.filter(pk=self.job_id, fence=self.fence, state=JobState.RUNNING)
        if not held.update(**values):
            raise LeaseLost

    def renew(self) -> None:
        """Keep the job for another JOB_LEASE_S seconds."""
        self.update(lease_until=lease_end())

    def let_go(self) -> None:
        """Give the job up so that another worker may take it over at once."""
        self.update(lease_until=timezone.now())


def claim(host_id: UUID) -> Lease | None:
    """Take the next job of a host's lane: one whose worker is gone, else the oldest that waits.

    Returns:
        The lease, or None when there is nothing to do or another worker has the lane.
    """
    now = timezone.now()
    running = Job.objects.filter(host_id=host_id, state=JobState.RUNNING).first()
    if running is not None:
        free = Q(lease_until__isnull=True) | Q(lease_until__lte=now)
        return _take(running, Job.objects.filter(free, state=JobState.RUNNING))
    waiting = Job.objects.filter(host_id=host_id, state=JobState.QUEUED).order_by("created_at", "pk").first()
    return _take(waiting, Job.objects.filter(state=JobState.QUEUED)) if waiting else None


def _take(job: Job, free: Any) -> Lease | None:
    """Claim by a conditional update; the partial unique index decides between two workers."""
    values = {
        "state": JobState.RUNNING,
        "started_at": job.started_at or timezone.now(),
        "lease_owner": worker_name(),
        "lease_until": lease_end(),
        "fence": job.fence + 1,
    }
    try:
        with transaction.atomic():
            taken = free.filter(pk=job.pk, fence=job.fence).update(**values)
    except IntegrityError:
        return None
    return Lease(job.pk, job.fence + 1) if taken else None


@contextmanager
def kept_alive(lease: Lease) -> Iterator[None]:
    """Renew the lease from a thread of its own while the block runs."""
    done = threading.Event()
    thread = threading.Thread(target=_renew_until, args=(lease, done), name=f"lease-{lease.job_id}")
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _renew_until(lease: Lease, done: threading.Event) -> None:
    try:
        while not done.wait(settings.JOB_LEASE_S / 3):
            _renew(lease)
    except LeaseLost:
        logger.warning("Job %s was taken over by another worker.", lease.job_id)
    finally:
        connection.close()


def _renew(lease: Lease) -> None:
    try:
        lease.renew()
    except DatabaseError:
        logger.exception("The lease of job %s could not be renewed this time.", lease.job_id)


def lease_end() -> Any:
    """Return when a lease that is taken now runs out."""
    return timezone.now() + timedelta(seconds=settings.JOB_LEASE_S)


def worker_name() -> str:
    """Return what this worker is called on job pages: machine and process."""
    return f"{socket.gethostname()}:{os.getpid()}"[:128]
