"""Background work of this room, sent by beat."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from apps.jails.keeping.services import remove_run_out


@shared_task(ignore_result=True)
def remove_kept() -> None:
    """Ask for what was kept of deleted jails for long enough to be destroyed."""
    remove_run_out(timezone.now())
