"""`manage.py jobs list`: one line a job, the newest first."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.apps import apps
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Q, QuerySet
from django.utils import timezone

from apps.accounts.actor import Actor
from apps.freebsd.errors import InvalidInput
from apps.jobs.command_line.console import Console, plain
from apps.jobs.command_line.find import short_id
from apps.jobs.models import OPEN_STATES, Job
from apps.jobs.progress import progress_of, with_progress
from apps.jobs.queries import job_list
from apps.pages.wording import ago, duration

RECENT = timedelta(days=1)
# How many jobs are held in memory at once.
PIECE = 200
HEADING = f"{'ID':8}  {'STATE':28}  {'HOST':20}  {'ASKED':14}  {'TOOK':10}  {'BY':20}  JOB"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which jobs are listed.

    Args:
        state: A JobState; empty for any.
        host: A host's name; empty for any.
        everything: Whether those that ended long ago are, too.
    """

    state: str = ""
    host: str = ""
    everything: bool = False


def jobs_list(console: Console, actor: Actor, wanted: Wanted, *, as_json: bool) -> int:
    """List jobs.

    Raises:
        InvalidInput: There is no such host.
    """
    jobs = with_progress(_wanted(actor, wanted))
    if as_json:
        _write_json(console, jobs)
        return 0
    count = 0
    for count, job in enumerate(jobs.iterator(chunk_size=PIECE), start=1):
        if count == 1:
            console.line(HEADING)
        console.line(_line(console, job))
    if not count:
        console.note(
            "There is no such job." if wanted.everything else "No such job in the last day; see --all."
        )
    return 0


def _wanted(actor: Actor, wanted: Wanted) -> QuerySet[Job]:
    jobs = job_list(actor)
    if wanted.host:
        if not apps.get_model("hosts", "Host").objects.filter(name=wanted.host).exists():
            raise InvalidInput(f"There is no host “{plain(wanted.host)}”.")
        jobs = jobs.filter(host__name=wanted.host)
    if wanted.state:
        jobs = jobs.filter(state=wanted.state)
    if not wanted.everything:
        since = timezone.now() - RECENT
        jobs = jobs.filter(Q(state__in=OPEN_STATES) | Q(created_at__gte=since) | Q(ended_at__gte=since))
    return jobs


def _line(console: Console, job: Job) -> str:
    took = duration((job.ended_at or timezone.now()) - job.started_at) if job.started_at else "–"
    progress = progress_of(job).text if job.started_at and job.state != "succeeded" else ""
    cells = (
        short_id(job),
        console.state(job.state, 28, progress),
        f"{plain(job.host.name):20}",
        f"{ago(job.created_at, timezone.now()):14}",
        f"{took:10}",
        f"{plain(job.requester_name):20}",
        plain(job.title),
    )
    return "  ".join(cells)


def _write_json(console: Console, jobs: QuerySet[Job]) -> None:
    """Write one array, a little at a time."""
    before = "["
    for job in jobs.iterator(chunk_size=PIECE):
        console.part(before + "\n" + json.dumps(facts(job), cls=DjangoJSONEncoder))
        before = ","
    console.line("[]" if before == "[" else "\n]")


def facts(job: Job) -> dict[str, Any]:
    """Return what there is to say of a job in a list, as JSON values."""
    progress = progress_of(job)
    return {
        "id": job.pk,
        "title": job.title,
        "kind": job.kind,
        "host": job.host.name,
        "state": job.state,
        "outcome": job.outcome,
        "requester": job.requester_name,
        "created_at": job.created_at,
        "started_at": job.started_at,
        "ended_at": job.ended_at,
        "steps_done": progress.done,
        "steps_total": progress.total,
        "percent": progress.percent,
        "batch": job.batch_id,
        "origin": job.origin_id,
    }
