"""Tags for what jobs printed: `{% load output %}`."""

from __future__ import annotations

import re

from django import template
from django.utils.safestring import SafeString

from apps.jobs.models import Job, Step
from apps.jobs.output_html import part_html
from apps.jobs.output_queries import Part, Place
from apps.jobs.output_search import Match
from apps.jobs.output_text import left_out

register = template.Library()


@register.simple_tag
def output_part(part: Part, pattern: re.Pattern[str] | None = None, at: Place | None = None) -> SafeString:
    """Return what a part shows, with what is searched for marked, and the match that one came for."""
    return part_html(part, pattern, at.offset if at and at.step == part.step else None)


@register.filter
def step_of(job: Job, position: int) -> Step | None:
    """Return a step of a job by its position; the steps have been fetched with it."""
    return next((step for step in job.steps.all() if step.position == position), None)


@register.simple_tag
def gap(part: Part, step: Step, host: str) -> str:
    """Say what of the output before a part is not kept, and where it is."""
    return left_out(part.left_out, step, host)


@register.filter
def place(found: Part | Place | Match) -> str:
    """Return where something begins, as an address has it: `step:offset`."""
    return f"{found.step}:{found.start if isinstance(found, Part) else found.offset}"
