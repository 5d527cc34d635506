"""What waits for who looks at a page: `{% load approvals %}`."""

from __future__ import annotations

from django import template

from apps.jobs.batch_approvals import batch_waiting
from apps.jobs.models import Batch

register = template.Library()


@register.simple_tag(takes_context=True)
def waits_for_me(context: template.Context, batch: Batch) -> int:
    """Return how many jobs of a batch one may decide; none of one that has ended."""
    return 0 if batch.ended_at else batch_waiting(context["request"].actor, batch).count()
