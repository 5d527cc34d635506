"""Moves as they are stored once they have ended."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django.utils import timezone

from apps.accounts.actor import PANEL
from apps.hosts.models import Host
from apps.jails.models import Jail
from apps.jobs.models import Batch, BatchState, Job, JobState
from apps.jobs.plan import Plan
from apps.jobs.services import job_create
from tests.places import make_host

MOVE = "jails.move"


def moved_away(
    host: Host, safe_name: str, *, to: Host | None = None, ended: str = JobState.SUCCEEDED
) -> tuple[Job, Job]:
    """Make a jail look as one that was moved from a host, or was to be, and is stopped there.

    Args:
        host: The host that it leaves.
        safe_name: The jail.
        to: The host that got it; another one when there is none.
        ended: How the second job ended.
    """
    target = to or make_host("beyond", address="203.0.113.200")
    Jail.objects.filter(host=host, safe_name=safe_name).update(jid=None, runs_at_boot=False)
    batch = Batch.objects.create(
        kind=MOVE,
        title="Move it",
        state=BatchState.ENDED,
        idempotency_key=uuid4().hex,
        ended_at=timezone.now(),
    )
    both = {"source": str(host.pk), "target": str(target.pk), "ran": True, "runs_at_boot": True}
    both |= {"file_name": "web-1.tar.gz", "name": safe_name}
    out = _ended(batch, host, safe_name, {**both, "part": "out"}, JobState.SUCCEEDED)
    return out, _ended(batch, target, safe_name, {**both, "part": "in"}, ended)


def _ended(batch: Batch, host: Host, safe_name: str, intent: dict[str, Any], state: str) -> Job:
    part = intent["part"]
    position = ["out", "in"].index(part)
    plan = Plan(MOVE, f"Part {part} of it", ())
    job = job_create(actor=PANEL, host_id=host.pk, plan=plan, subject=safe_name, intent=intent)
    now = timezone.now()
    Job.objects.filter(pk=job.pk).update(
        batch=batch, batch_position=position, state=state, started_at=now, ended_at=now
    )
    job.refresh_from_db()
    return job
