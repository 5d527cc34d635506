"""Rows of addresses that are filled in from a pool."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_network

from django.http import QueryDict

from apps.freebsd.errors import Conflict
from apps.hosts.models import Host
from apps.jails.rows import AddressRow
from apps.network.models import AddressPool, address_key
from apps.network.pools.free import next_free
from apps.network.pools.queries import LOOPBACK, pools_for


def offered_pools(host: Host) -> list[AddressPool]:
    """Return the pools that a jail's addresses can come from, loopback first."""
    return list(pools_for(host))


def first_pool(pools: Sequence[AddressPool], interfaces: Sequence[str]) -> str:
    """Return the pool that a new jail's first address comes from: on loopback, if there is one; or empty."""
    fitting = (pool for pool in pools if pool.interface.startswith(LOOPBACK) and pool.interface in interfaces)
    pool = next(fitting, None)
    return str(pool.pk) if pool else ""


def read_pools(data: QueryDict, rows: Sequence[AddressRow]) -> None:
    """Take over which pool each row comes from, and from which it was filled in before."""
    for name in ("pool", "filled"):
        for row, value in zip(rows, data.getlist(name), strict=False):
            setattr(row, name, value)


def fill_in(rows: Sequence[AddressRow], pools: Sequence[AddressPool]) -> None:
    """Give each row whose pool was chosen just now the pool's next free address.

    A row that was filled in before stays as it is, whatever was typed into it since.
    """
    known = {str(pool.pk): pool for pool in pools}
    taken = [key for row in rows if (key := _key(row))]
    for row in rows:
        pool = known.get(row.pool)
        if pool is None and row.filled:
            row.filled, row.is_fresh = "", True
        elif pool is not None and row.pool != row.filled:
            _fill(row, pool, taken)


def _fill(row: AddressRow, pool: AddressPool, taken: list[str]) -> None:
    try:
        row.address = next_free(pool, taken)
    except Conflict as error:
        row.why_not = error.message
        return
    row.interface, row.prefix = pool.interface, str(ip_network(pool.network).prefixlen)
    row.filled, row.is_fresh = row.pool, True
    taken.append(address_key(row.address))


def _key(row: AddressRow) -> str:
    try:
        return address_key(row.address.strip())
    except ValueError:
        return ""
