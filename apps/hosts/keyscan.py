"""Fetching the key that a new host shows. Nothing is sent to it, and nothing is trusted yet."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from apps.freebsd.channel import loop
from apps.freebsd.channel.keys import scan_host_key
from apps.freebsd.errors import PanelError
from apps.hosts.models import Host, HostState
from apps.hosts.probe import announce


def scan(host_id: UUID) -> None:
    """Store the key that the host shows as the one to be confirmed, or why it could not be had."""
    host = Host.objects.get(pk=host_id)
    if host.is_local or host.state != HostState.NEW:
        return
    timeout_s = settings.SSH_CONNECT_TIMEOUT_S
    try:
        key = loop.run(scan_host_key(host.address, host.port, timeout_s), timeout_s=timeout_s + 5)
    except PanelError as error:
        _store(host, state_reason=error.message)
    else:
        _store(host, state=HostState.UNVERIFIED, state_reason="", offered_key=key)


def _store(host: Host, **values: str) -> None:
    with transaction.atomic():
        Host.objects.filter(pk=host.pk, state=HostState.NEW).update(tried_at=timezone.now(), **values)
        announce(host)
