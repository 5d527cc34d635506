"""Tags for batches: `{% load batches %}`."""

from __future__ import annotations

from django import template

from apps.jobs.batch_queries import Progress
from apps.jobs.models import Batch
from apps.pages.status import look_of

register = template.Library()


@register.filter
def job_state(state: str) -> str:
    """Say a job's state in a word or two, as its badge does."""
    return look_of(state, "job").label.lower()


@register.filter
def in_words(progress: Progress) -> str:
    """Say how far a batch is: "3 of 12 ended: 2 succeeded, 1 failed, …"."""
    parts = (f"{segment.count} {job_state(segment.state)}" for segment in progress.segments)
    return f"{progress.ended} of {progress.total} ended: {', '.join(parts)}"


@register.filter
def pace(batch: Batch) -> str:
    """Say how a batch goes through its jobs."""
    hosts = "one host at a time" if batch.at_once == 1 else f"{batch.at_once} hosts at a time"
    failures = f"stops after {batch.stop_after} failure{'s' if batch.stop_after > 1 else ''}"
    stops = failures if batch.stop_after else "never stops by itself"
    return ", ".join([hosts, *(["canary first"] if batch.canary else []), stops])
