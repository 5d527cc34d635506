"""Celery's entry points for looking at hosts."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from uuid import UUID

from celery import shared_task
from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from apps.freebsd.errors import PanelError
from apps.hosts.keyscan import scan
from apps.hosts.models import Host, HostState
from apps.hosts.probe import probe_host
from apps.jobs.wakeups import send

_CONTACTED = (
    HostState.ONLINE,
    HostState.UNREACHABLE,
    HostState.REFUSED,
    HostState.AGENT_MISSING,
    HostState.UNREADABLE,
)


@shared_task(ignore_result=True)
def probe(host_id: str) -> None:
    """Look at one host; what went wrong is on its row."""
    try:
        probe_host(UUID(host_id))
    except (PanelError, Host.DoesNotExist):
        return


@shared_task
def scan_key(host_id: str) -> None:
    """Fetch the key that a new host shows, for someone to compare."""
    with suppress(Host.DoesNotExist):
        scan(UUID(host_id))


@shared_task
def probe_due_hosts() -> None:
    """Look at every host that is due (PROBE_INTERVAL_S), and fetch keys that are still missing."""
    now = timezone.now()
    due = Q(tried_at__isnull=True) | Q(tried_at__lte=now - timedelta(seconds=settings.PROBE_INTERVAL_S))
    for host in Host.objects.filter(due, state__in=(*_CONTACTED, HostState.NEW)):
        # The conditional update keeps two beats from asking twice.
        if Host.objects.filter(pk=host.pk, tried_at=host.tried_at).update(tried_at=now):
            task = "scan_key" if host.state == HostState.NEW else "probe"
            send(f"apps.hosts.tasks.{task}", str(host.pk))
