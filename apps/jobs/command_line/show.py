"""`manage.py jobs show`: one job with its commands, how far each came, and what it came to."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.utils import timezone

from apps.jobs.command_line.console import Console, plain
from apps.jobs.command_line.listing import facts
from apps.jobs.models import Job, JobState, Step
from apps.jobs.progress import progress_of
from apps.jobs.queries import jobs_ahead
from apps.pages.wording import ago, duration, full_time, size


def job_show(console: Console, job: Job, *, as_json: bool) -> int:
    """Show a job."""
    if as_json:
        console.line(json.dumps(_all_facts(job), cls=DjangoJSONEncoder, indent=2))
        return 0
    console.line(plain(job.title))
    for name, value in _pairs(console, job):
        console.line(f"  {name:10} {value}")
    for step in job.steps.all():
        console.line()
        console.line(f"  {step.position + 1}. {shlex.join(map(plain, step.argv))}")
        console.line(f"     {plain(step.purpose)}")
        console.line(f"     {_step_end(console, step)}")
    return 0


def _pairs(console: Console, job: Job) -> Iterator[tuple[str, str]]:
    yield "id", str(job.pk)
    yield "host", plain(job.host.name)
    progress = progress_of(job).text if job.started_at else ""
    yield "state", console.state(job.state, more=f"({progress})" if progress else "")
    if job.state == JobState.QUEUED and (ahead := jobs_ahead(job)):
        yield "waits for", f"{ahead} job{'' if ahead == 1 else 's'} of this host"
    for line in job.outcome.splitlines():
        yield "outcome", plain(line)
    yield "asked by", plain(f"{job.requester_name} {job.requester_address}".strip())
    yield "asked", _moment(job.created_at)
    if job.approval_until and job.approver_name:
        yield "approved", f"by {plain(job.approver_name)}, valid until {full_time(job.approval_until)}"
    elif job.approval_until:
        yield "approval", f"until {full_time(job.approval_until)}, by somebody else"
    if job.started_at:
        yield "started", _moment(job.started_at)
        yield "took", duration((job.ended_at or timezone.now()) - job.started_at)
    if job.was_taken_over:
        yield "workers", f"{job.takeovers} stopped in its middle; each time another went on"
    if job.origin_id:
        yield "again", f"tries {job.origin_id} again, or mends it"
    if job.batch_id:
        yield "batch", str(job.batch_id)
    yield "plan", job.plan_hash


def _moment(value: datetime) -> str:
    return f"{full_time(value)} ({ago(value, timezone.now())})"


def _step_end(console: Console, step: Step) -> str:
    said = [console.state(step.state)]
    if step.exit_status:
        said.append(f"exit status {step.exit_status}")
    if step.percent is not None and step.ended_at is None:
        said.append(f"{step.percent} %")
    if step.started_at:
        said.append(duration((step.ended_at or timezone.now()) - step.started_at))
    if step.output_bytes:
        said.append(f"{size(step.output_bytes)} of output")
    if step.may_still_run:
        said.append("may still run on the host")
    return ", ".join(said)


def _all_facts(job: Job) -> dict[str, Any]:
    more = {
        "subject": job.subject,
        "requester_address": job.requester_address,
        "approver": job.approver_name,
        "approval_until": job.approval_until,
        "cancel_requested_by": job.cancel_requested_by,
        "takeovers": job.takeovers,
        "plan_hash": job.plan_hash,
        "plan": job.plan,
    }
    names = (
        "position",
        "state",
        "argv",
        "purpose",
        "exit_status",
        "percent",
        "output_bytes",
        "may_still_run",
        "started_at",
        "ended_at",
    )
    steps = [{name: getattr(step, name) for name in names} for step in job.steps.all()]
    return facts(job) | more | {"steps": steps}
