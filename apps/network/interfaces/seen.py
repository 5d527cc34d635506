"""A host's interfaces as they were last seen, each address with whose it is."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address, ip_interface, ip_network

from apps.freebsd.errors import Conflict
from apps.freebsd.values import IpNetwork, is_private
from apps.hosts.models import Host
from apps.network.interfaces.boot import Boot, Kept
from apps.network.models import AddressPool, SeenAddress, address_key
from apps.network.pools.free import next_free
from apps.network.pools.queries import pools_for

_NOWHERE = ""


@dataclass(frozen=True, slots=True)
class ShownAddress:
    """An address of a host.

    Args:
        address: It.
        prefix: The length of its network's prefix; None while it is on no interface.
        jail: The safe name of the jail whose it is; empty for the host's own.
        kept: Whether it is given again at boot; None of a jail's, which comes with it.
    """

    address: str
    prefix: int | None
    jail: str
    kept: Kept | None


@dataclass(frozen=True, slots=True)
class ShownInterface:
    """An interface of a host.

    Args:
        name: Its name; empty for addresses that are on none now.
        own: The host's own addresses.
        jails: Jails' addresses.
    """

    name: str
    own: list[ShownAddress]
    jails: list[ShownAddress]


@dataclass(frozen=True, slots=True)
class Hint:
    """A subnet in which jails have addresses and the host has none.

    Args:
        interface: Where.
        network: The subnet.
        address: What the host could have there, with its prefix; empty when all is taken.
        count: How many addresses jails have in it.
    """

    interface: str
    network: str
    address: str
    count: int


def rows_of(host: Host) -> list[SeenAddress]:
    """Return what was seen of a host's addresses, in one query."""
    return list(SeenAddress.objects.filter(host=host).order_by("key"))


def interfaces_of(host: Host, rows: list[SeenAddress]) -> list[ShownInterface]:
    """Return a host's interfaces in the order of ifconfig; last what is on none now."""
    boot = Boot.of(host.facts)
    names = [str(one["name"]) for one in host.facts.get("interfaces") or []]
    shown = {name: ShownInterface(name, [], []) for name in names}
    for row in rows:
        place = row.interface if row.prefix is not None else _NOWHERE
        one = shown.setdefault(place, ShownInterface(place, [], []))
        kept = None if row.jail else boot.keeps(row.interface, ip_address(row.address))
        (one.jails if row.jail else one.own).append(ShownAddress(row.address, row.prefix, row.jail, kept))
    nowhere = shown.pop(_NOWHERE, None)
    return [*shown.values(), *([nowhere] if nowhere else [])]


def hints_of(host: Host, rows: list[SeenAddress]) -> list[Hint]:
    """Return private subnets in which jails have addresses and the host has none of its own."""
    pools = [pool for pool in pools_for(host) if pool.is_private]
    counts: dict[tuple[str, IpNetwork], int] = {}
    for row in rows:
        if row.jail and row.prefix is not None and is_private(ip_address(row.address)):
            where = row.interface, _network(row, pools)
            counts[where] = counts.get(where, 0) + 1
    own = [ip_address(row.address) for row in rows if not row.jail]
    free = [(name, part, n) for (name, part), n in counts.items() if not any(ip in part for ip in own)]
    return [Hint(name, str(part), _proposed(part, rows, pools), n) for name, part, n in free]


def _network(row: SeenAddress, pools: list[AddressPool]) -> IpNetwork:
    """Return the subnet of a jail's address; where it is alone in its own, its pool's, or the usual one."""
    ip = ip_address(row.address)
    if row.prefix is not None and row.prefix < ip.max_prefixlen - 1:
        return ip_interface(f"{row.address}/{row.prefix}").network
    if pool := next((pool for pool in pools if pool.first_key <= row.key <= pool.last_key), None):
        return ip_network(pool.network)
    return ip_network((int(ip), 24 if ip.version == 4 else 64), strict=False)


def _proposed(part: IpNetwork, rows: list[SeenAddress], pools: list[AddressPool]) -> str:
    pool = next((pool for pool in pools if ip_network(pool.network) == part), None)
    keys = {row.key for row in rows}
    if pool and pool.gateway and address_key(pool.gateway) not in keys:
        return f"{pool.gateway}/{part.prefixlen}"
    if pool:
        try:
            return f"{next_free(pool)}/{part.prefixlen}"
        except Conflict:
            return ""
    inside = sum(1 for row in rows if ip_address(row.address) in part)
    for ip, _ in zip(part.hosts(), range(inside + 1), strict=False):
        if address_key(str(ip)) not in keys:
            return f"{ip}/{part.prefixlen}"
    return ""
