"""The second person: which jobs wait for one, and what they say."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from apps.jobs.models import ApprovalPolicy


def policy_for(host_id: UUID, kind: str) -> ApprovalPolicy | None:
    """Return the policy that a kind of plan falls under on a host, the strictest where there are several."""
    kinds = Q(kind=kind) | Q(kind="")
    groups = Q(group__isnull=True) | Q(group__hosts=host_id)
    return ApprovalPolicy.objects.filter(kinds, groups).order_by("valid_h").first()


def approval_until(host_id: UUID, kind: str) -> datetime | None:
    """Return until when a job that is asked for now waits for a second person; None when it needs none."""
    policy = policy_for(host_id, kind)
    return timezone.now() + timedelta(hours=policy.valid_h) if policy else None
