"""Reads of jobs, narrowed to what the actor may see."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404

from apps.accounts.actor import Actor
from apps.accounts.permissions import Perm
from apps.jobs.models import OPEN_STATES, Job, JobState


def job_list(actor: Actor) -> QuerySet[Job]:
    """Return the jobs of the hosts that the actor may see, newest first, with their hosts."""
    hosts = actor.scope(Perm.JOB_VIEW)
    jobs = Job.objects.select_related("host").order_by("-created_at")
    return jobs if hosts is None else jobs.filter(host_id__in=hosts)


def job_get(*, actor: Actor, job_id: UUID) -> Job:
    """Return one job with its steps.

    Raises:
        Http404: There is none that the actor may see.
    """
    job = job_list(actor).prefetch_related("steps").filter(pk=job_id).first()
    if job is None:
        raise Http404
    return job


def open_jobs_of(host_id: UUID) -> QuerySet[Job]:
    """Return what is queued or running on a host, oldest first."""
    return Job.objects.filter(host_id=host_id, state__in=OPEN_STATES).order_by("created_at")


def jobs_ahead(job: Job) -> int:
    """Return how many jobs of the host come first while this one waits."""
    if job.state != JobState.QUEUED:
        return 0
    lane = open_jobs_of(job.host_id).filter(state__in=(JobState.QUEUED, JobState.RUNNING))
    return lane.filter(created_at__lt=job.created_at).count()
