"""Holding a job: claimed and written to only by the worker whose fencing number it carries."""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import Q
from django.utils import timezone

from apps.accounts.actor import PANEL
from apps.audit.services import Subject, record
from apps.jobs.models import Job, JobState

logger = logging.getLogger(__name__)

LEAST_WAIT, MOST_WAIT = timedelta(seconds=5), timedelta(seconds=60)


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

    def wait_for_host(self, since: datetime) -> None:
        """Leave the job to whoever looks for its host again: soon at first, later once a minute.

        Args:
            since: Since when the host has not answered.
        """
        now = timezone.now()
        wait = min(MOST_WAIT, max(LEAST_WAIT, (now - since) / 2))
        self.update(away_since=since, lease_owner="", lease_until=now + wait)


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
    queued = Job.objects.filter(state=JobState.QUEUED).exclude(approval_until__lte=now)
    waiting = queued.filter(host_id=host_id).order_by("created_at", "pk").first()
    return _take(waiting, queued) if waiting else None


def end_wait(host_id: UUID) -> bool:
    """Let a job that waits for its host be taken up at once: the host is there again.

    Returns:
        Whether one waits that no worker looks after right now, so that its lane is to be woken.
    """
    waiting = Job.objects.filter(
        host_id=host_id, state=JobState.RUNNING, away_since__isnull=False, lease_owner=""
    )
    return bool(waiting.update(lease_until=timezone.now()))


def _take(job: Job, free: Any) -> Lease | None:
    """Claim by a conditional update; the partial unique index decides between two workers."""
    was_left = job.state == JobState.RUNNING and job.away_since is None
    values = {
        "state": JobState.RUNNING,
        "started_at": job.started_at or timezone.now(),
        "lease_owner": worker_name(),
        "lease_until": lease_end(),
        "fence": job.fence + 1,
        "takeovers": job.takeovers + was_left,
    }
    try:
        with transaction.atomic():
            taken = free.filter(pk=job.pk, fence=job.fence).update(**values)
            if taken and job.state == JobState.QUEUED:
                _record_start(job)
    except IntegrityError:
        return None
    return Lease(job.pk, job.fence + 1) if taken else None


def _record_start(job: Job) -> None:
    subject = Subject("job", str(job.pk), job.title, job.host_id)
    approval = {"approved_by": job.approver_name} if job.approver_name else {}
    record(
        actor=PANEL, action="job.started", subject=subject, job_id=job.pk, plan_hash=job.plan_hash, **approval
    )


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
