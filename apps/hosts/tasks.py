"""Celery's entry points for looking at hosts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from threading import Lock
from uuid import UUID

from celery import shared_task
from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from apps.freebsd.errors import PanelError
from apps.hosts.away import hosts_due, probe_hosts
from apps.hosts.keyscan import scan
from apps.hosts.models import Host, HostState
from apps.hosts.probe import probe_host
from apps.jobs.wakeups import send

# They answered last time, be it with a refusal. Those that did not are tried together.
_ANSWERED = (
    HostState.ONLINE,
    HostState.REFUSED,
    HostState.AGENT_MISSING,
    HostState.UNREADABLE,
)
# How many hosts that are away are tried together, and how many keys are fetched, at one tick of the clock.
_TOGETHER, _SCANS = 100, 4


class _UnderWay:
    """Which hosts this process is looking at."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._hosts: set[str] = set()

    def begin(self, host_id: str) -> bool:
        with self._lock:
            is_first = host_id not in self._hosts
            self._hosts.add(host_id)
            return is_first

    def end(self, host_id: str) -> None:
        with self._lock:
            self._hosts.discard(host_id)


_under_way = _UnderWay()


@contextmanager
def _looking_at(*host_ids: str) -> Iterator[list[UUID]]:
    """Give those of the hosts that this process is not looking at already: a second look sees no more."""
    mine = [host_id for host_id in host_ids if _under_way.begin(host_id)]
    try:
        yield [UUID(host_id) for host_id in mine]
    finally:
        for host_id in mine:
            _under_way.end(host_id)


@shared_task(ignore_result=True)
def probe(host_id: str) -> None:
    """Look at one host; what went wrong is on its row."""
    with _looking_at(host_id) as hosts, suppress(PanelError, Host.DoesNotExist):
        for host in hosts:
            probe_host(host)


@shared_task(ignore_result=True)
def probe_away(*host_ids: str) -> None:
    """Look at hosts that did not answer last time, all from one thread of the worker."""
    with _looking_at(*host_ids) as hosts:
        probe_hosts(hosts)


@shared_task
def scan_key(host_id: str) -> None:
    """Fetch the key that a new host shows, for someone to compare."""
    with _looking_at(host_id) as hosts, suppress(Host.DoesNotExist):
        for host in hosts:
            scan(host)


@shared_task
def probe_due_hosts() -> None:
    """Look at every host that is due (PROBE_INTERVAL_S), and fetch keys that are still missing.

    Hosts that stay away are due less and less often; a page that asks for a look gets one at once.
    """
    now = timezone.now()
    due = Q(tried_at__isnull=True) | Q(tried_at__lte=now - timedelta(seconds=settings.PROBE_INTERVAL_S))
    for host in Host.objects.filter(due, state__in=_ANSWERED):
        if _claims(host, now):
            send("apps.hosts.tasks.probe", str(host.pk))
    for host in hosts_due(HostState.NEW, now)[:_SCANS]:
        if _claims(host, now):
            send("apps.hosts.tasks.scan_key", str(host.pk))
    away = hosts_due(HostState.UNREACHABLE, now)[:_TOGETHER]
    if ours := [str(host.pk) for host in away if _claims(host, now)]:
        send("apps.hosts.tasks.probe_away", *ours)


def _claims(host: Host, now: datetime) -> bool:
    """Note that the host is being tried; the conditional update keeps two beats from asking twice."""
    return bool(Host.objects.filter(pk=host.pk, tried_at=host.tried_at).update(tried_at=now))
