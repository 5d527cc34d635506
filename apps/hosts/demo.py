"""The simulated hosts' rows: added and confirmed the way that a person would, through the services."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction

from apps.accounts.actor import PANEL
from apps.freebsd.channel.keys import fingerprint
from apps.hosts.models import ChannelKind, Host, HostState
from apps.hosts.services import host_add, host_key_confirm, host_probe_request


@dataclass(frozen=True, slots=True)
class DemoHost:
    """One entry of the simulator's listing.

    Args:
        name: The host's name.
        address: Where its SSH server listens.
        port: Its TCP port, which may be another one at each start.
        user: Whom to sign in as.
        host_key: Its public key line; whoever started it need not compare it.
    """

    name: str
    address: str
    port: int
    user: str
    host_key: str


def demo_hosts_ensure(listed: list[DemoHost]) -> None:
    """Add the hosts that are missing, note where the others listen this time, and ask for a look at all."""
    with transaction.atomic():
        _move(listed)
    for entry in listed:
        host = Host.objects.filter(name=entry.name).first()
        if host is None:
            _add(entry)
        elif host.may_be_contacted:
            host_probe_request(actor=PANEL, host=host)


def _move(listed: list[DemoHost]) -> None:
    """Give each known host its address of today; two may have swapped ports, and no two may share one."""
    known = Host.objects.filter(name__in=[entry.name for entry in listed])
    for host in known:
        Host.objects.filter(pk=host.pk).update(address=f"moving-{host.pk}")
    for entry in listed:
        known.filter(name=entry.name).update(address=entry.address, port=entry.port)


def _add(entry: DemoHost) -> None:
    host = host_add(
        actor=PANEL,
        name=entry.name,
        channel=ChannelKind.SSH,
        address=entry.address,
        port=entry.port,
        user=entry.user,
    )
    host.offered_key, host.state = entry.host_key, HostState.UNVERIFIED
    host.save(update_fields=["offered_key", "state"])
    host_key_confirm(actor=PANEL, host=host, key_fingerprint=fingerprint(entry.host_key))
