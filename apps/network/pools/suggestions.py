"""Pools that hosts have without knowing: networks in which their jails were seen."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from django.db.models import Exists, F, OuterRef

from apps.accounts.actor import Actor
from apps.accounts.permissions import Perm
from apps.freebsd.values import IpNetwork
from apps.network.models import AddressPool, SeenAddress
from apps.network.pools.queries import of_a_seen_host

MOST_ROWS = 2000
MOST = 6
# What a network is taken to be where jails' addresses carry the prefix of a single one.
_USUAL = {4: 24, 6: 64}


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A network that jails of a host use, and no pool has.

    Args:
        host_id: The host, as text.
        host: Its name.
        interface: Where the addresses are.
        network: The network.
        count: How many of its addresses jails have.
    """

    host_id: str
    host: str
    interface: str
    network: str
    count: int

    @property
    def name(self) -> str:
        """What the pool could be called."""
        return f"{self.host} {self.interface} {self.network}"[:63]

    @property
    def fields(self) -> dict[str, str]:
        """What a form for it holds."""
        return {
            "name": self.name,
            "network": self.network,
            "interface": self.interface,
            "hosts": f"host:{self.host_id}",
        }


def suggestions_for(actor: Actor) -> list[Suggestion]:
    """Return pools to propose on the hosts whose pools the actor may change, the fullest first; one query."""
    pools = AddressPool.objects.filter(
        of_a_seen_host(),
        first_key__lte=OuterRef("key"),
        last_key__gte=OuterRef("key"),
    )
    rows = SeenAddress.objects.exclude(jail="").exclude(interface="").filter(~Exists(pools))
    hosts = actor.scope(Perm.POOL_CHANGE)
    if hosts is not None:
        rows = rows.filter(host__in=hosts)
    values = rows.order_by("key").annotate(name=F("host__name"))
    found: Counter[tuple[str, str, str, str]] = Counter()
    for host_id, name, interface, address, prefix in values.values_list(
        "host_id", "name", "interface", "address", "prefix"
    )[:MOST_ROWS]:
        found[str(host_id), name, interface, str(_network(address, prefix))] += 1
    best = sorted(found.items(), key=lambda item: (-item[1], item[0][1:]))
    return [Suggestion(*where, count) for where, count in best[:MOST]]


def _network(address: str, prefix: int | None) -> IpNetwork:
    ip = ip_address(address)
    is_single = prefix is None or prefix >= ip.max_prefixlen - 1
    return ip_network((ip, _USUAL[ip.version] if is_single or prefix is None else prefix), strict=False)
