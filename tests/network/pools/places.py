"""Pools and seen addresses as people and probes would have stored them."""

from __future__ import annotations

from django.utils import timezone

from apps.freebsd.values import is_private
from apps.hosts.models import Host, HostGroup
from apps.network.models import AddressPool, HeldAddress, SeenAddress, address_key
from apps.network.pools.numbers import ends_of, parse_network


def make_pool(
    network: str = "10.0.0.0/24",
    name: str = "",
    *,
    host: Host | None = None,
    group: HostGroup | None = None,
    interface: str = "lo1",
    gateway: str = "",
) -> AddressPool:
    parsed = parse_network(network)
    ends = ends_of(parsed)
    return AddressPool.objects.create(
        name=name or network, network=network, first_key=ends.first, last_key=ends.last,
        interface=interface, is_private=is_private(parsed[0]), gateway=gateway, host=host, group=group,
    )  # fmt: skip


def see(host: Host, address: str, jail: str = "", *, interface: str = "lo1", prefix: int | None = 24) -> None:
    SeenAddress.objects.create(
        host=host, address=address, key=address_key(address), interface=interface, prefix=prefix,
        jail=jail, seen_at=timezone.now(),
    )  # fmt: skip


def keep(
    pool: AddressPool, address: str, host: Host | None = None, jail: str = "", note: str = ""
) -> HeldAddress:
    return HeldAddress.objects.create(
        pool=pool, address=address, key=address_key(address), host=host, jail=jail, note=note
    )
