"""Tags for jobs that belong together: `{% load family %}`."""

from __future__ import annotations

from dataclasses import dataclass

from django import template

from apps.jobs.models import Job

register = template.Library()

MOST_FOLLOWERS = 5


@dataclass(frozen=True, slots=True)
class Relative:
    """A job that another one comes from, or that came of it.

    Args:
        how: What the two have to do with each other, before its title.
        job: The other one.
    """

    how: str
    job: Job


@register.simple_tag
def family(job: Job) -> list[Relative]:
    """Return the job that this one tries again or mends, and those that do so to it, newest first."""
    found = []
    if job.origin_id and job.origin:
        found.append(
            Relative("Tries again:" if job.origin.kind == job.kind else "Mends what is left of:", job.origin)
        )
    if not job.is_open:
        followers = job.followers.order_by("-created_at")[:MOST_FOLLOWERS]
        found += [
            Relative("Tried again:" if row.kind == job.kind else "Mended by:", row) for row in followers
        ]
    return found
