"""When a job has ended: what it made of its jail is what is wanted, unless it failed."""

from __future__ import annotations

from django.utils import timezone

from apps.jails.drift.doings import names_of
from apps.jails.drift.noting import agree, note
from apps.jails.drift.plans import APPLY
from apps.jails.drift.touched import touched
from apps.jails.models import Jail
from apps.jobs.models import Job, JobState


def job_ended(job: Job) -> None:
    """Take over as wanted what a job that succeeded changed; of another, note what it left different.

    Called in the transaction that ends the job. While it ran no difference was noted. A job that makes a jail
    as it is wanted changes nothing of what is wanted.
    """
    if not job.subject:
        return
    rows = Jail.objects.filter(host_id=job.host_id, safe_name__in=names_of(job), observed_at__isnull=False)
    jails = list(rows.prefetch_related("drifts"))
    if job.state == JobState.SUCCEEDED and job.kind != APPLY:
        parts = touched(job.stored_plan.commands)
        for jail in jails:
            agree(jail, parts, jail.observed_at or timezone.now())
    else:
        note(jails, timezone.now())
