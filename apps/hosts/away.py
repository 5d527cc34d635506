"""Hosts that did not answer last time: tried less and less often, all of them from one thread."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Future, as_completed
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from django.conf import settings
from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from apps.freebsd.channel import loop
from apps.freebsd.errors import HostUnreachable, PanelError
from apps.freebsd.parsers.facts import HostFacts, parse_facts
from apps.freebsd.parsers.sections import FactSections
from apps.hosts.gateway import agent_of
from apps.hosts.models import Host
from apps.hosts.probe import PROBE_TIMEOUT_S, keep

# Who has been away for longer than the first is tried once in the second; before, as often as everyone.
PATIENCE = (
    (timedelta(minutes=2), timedelta(minutes=2)),
    (timedelta(minutes=10), timedelta(minutes=5)),
)


def hosts_due(state: str, now: datetime) -> QuerySet[Host]:
    """Return the hosts in a state of not being there that are due to be tried, the longest untried first."""
    pause = timedelta(seconds=settings.PROBE_INTERVAL_S)
    due = Q(tried_at__isnull=True) | Q(tried_at__lte=now - pause)
    for away_for, longer in PATIENCE:
        pause = max(pause, longer)
        due &= Q(gone__gt=now - away_for) | Q(tried_at__isnull=True) | Q(tried_at__lte=now - pause)
    hosts = Host.objects.annotate(gone=Coalesce("seen_at", "added_at"))
    return hosts.filter(due, state=state).order_by("tried_at")


def probe_hosts(host_ids: Iterable[UUID]) -> None:
    """Look at many hosts at once from this one thread; what went wrong is on their rows.

    What a host says is stored when it comes: one that hangs keeps none of the others waiting.
    """
    hosts = Host.objects.in_bulk(list(host_ids)).values()
    began = timezone.now()
    looks = {loop.submit(_ask(host)): host for host in hosts}
    try:
        for done in as_completed(looks, timeout=PROBE_TIMEOUT_S):
            _keep(looks.pop(done), began, done)
    except TimeoutError:
        for host in looks.values():
            _keep(host, began, None)
    finally:
        for late in looks:
            late.cancel()


async def _ask(host: Host) -> FactSections:
    return await agent_of(host).facts()


def _keep(host: Host, began: datetime, look: Future[FactSections] | None) -> None:
    with suppress(PanelError):
        keep(host, began, partial(_read, look))


def _read(look: Future[FactSections] | None) -> HostFacts:
    if look is None:
        raise HostUnreachable(f"The host has not finished answering within {PROBE_TIMEOUT_S} seconds.")
    return parse_facts(look.result())
