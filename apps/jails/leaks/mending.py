"""A private address to put before a jail's public one: its own, a pool's next, or a free one on loopback."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network, ip_address, ip_network

from django.http import QueryDict

from apps.accounts.actor import Actor
from apps.freebsd.errors import Conflict
from apps.freebsd.values import is_private
from apps.jails.filling import offered_pools
from apps.jails.models import Jail
from apps.jails.rows import AddressRow
from apps.jails.rules import HostNetwork
from apps.jails.settings.fields import ON
from apps.jails.settings.forms import SettingsForm
from apps.jails.settings.typed import ROWS
from apps.network.models import AddressPool
from apps.network.pools.free import next_free
from apps.network.pools.queries import LOOPBACK

_USUAL_PREFIX, _LONGEST_PREFIX = 24, 30


def mending_form(jail: Jail, actor: Actor) -> SettingsForm:
    """Return the form of a jail's settings with a private loopback address put first, as if it was typed."""
    form = SettingsForm(jail, actor)
    rows = private_first(form.rows, form.network, offered_pools(jail.host))
    if not rows or "ip" in form.reasons:
        return form
    data = QueryDict(mutable=True)
    data.update({name: value for name, value in form.first.items() if value and name != "ip"})
    data["base"] = form.base
    if "restart" not in form.reasons:
        data["restart"] = ON  # addresses of a jail that runs change only with one
    for column in (*ROWS, "pool", "filled"):
        data.setlist(column, [getattr(row, column) for row in rows])
    made = SettingsForm(jail, actor, data)
    made.is_valid()  # it carries the plan then, which its page shows at once
    return made


def private_first(
    rows: Sequence[AddressRow], network: HostNetwork, pools: Iterable[AddressPool]
) -> list[AddressRow]:
    """Return rows in an order, or with one more, that makes “localhost” private; nothing where none is free.

    Args:
        rows: As the jail has them.
        network: Its host, as if the jail was not there.
        pools: The pools of its host, loopback first.
    """
    rows = [row for row in rows if not row.is_empty]
    own = next((row for row in rows if _is_private_loopback(row)), None)
    first = own or _of_pool(pools, network, rows) or _of_subnet(network, rows)
    if first is None:
        return []
    others = [row for row in rows if row is not own]
    return [replace(row, number=number) for number, row in enumerate((first, *others))]


def _is_private_loopback(row: AddressRow) -> bool:
    ip = _four(row.address)
    return ip is not None and is_private(ip) and row.interface.startswith(LOOPBACK)


def _of_pool(
    pools: Iterable[AddressPool], network: HostNetwork, rows: Sequence[AddressRow]
) -> AddressRow | None:
    besides = [f"4{int(ip):032x}" for row in rows if (ip := _four(row.address))]
    for pool in pools:
        part = ip_network(pool.network)
        is_loopback = pool.interface.startswith(LOOPBACK) and pool.interface in network.interfaces
        if not (pool.is_private and is_loopback and part.version == 4):
            continue
        try:
            address = next_free(pool, besides)
        except Conflict:
            continue
        number = str(pool.pk)
        return AddressRow(0, pool.interface, address, str(part.prefixlen), pool=number, filled=number)
    return None


def _of_subnet(network: HostNetwork, rows: Sequence[AddressRow]) -> AddressRow | None:
    """Return a free address beside those that are on a loopback interface, else in a subnet nobody has."""
    taken = {*network.held, *(one.ip for found in network.interfaces.values() for one in found)}
    taken |= {ip for row in rows if (ip := _four(row.address))}
    for interface, part in _subnets(network):
        for ip in part.hosts():
            # The first one is what a host keeps for itself.
            if ip not in taken and ip != part[1] and not network.why_not(ip):
                return AddressRow(0, interface, str(ip), str(part.prefixlen))
    return None


def _subnets(network: HostNetwork) -> Iterator[tuple[str, IPv4Network]]:
    """Give private networks of loopback interfaces, lo0's last; then a new one."""
    names = sorted((name for name in network.interfaces if name.startswith(LOOPBACK)), key="lo0".__eq__)
    used = [one.network for found in network.interfaces.values() for one in found]
    for name in names:
        for one in network.interfaces[name]:
            if one.version == 4 and is_private(one.ip) and not one.is_loopback:
                is_single = one.network.prefixlen > _LONGEST_PREFIX
                prefix = _USUAL_PREFIX if is_single else max(one.network.prefixlen, _USUAL_PREFIX)
                yield name, IPv4Network((int(one.ip), prefix), strict=False)
    for number in range(256) if names else ():
        part = IPv4Network(f"10.0.{number}.0/24")
        if not any(other.version == 4 and other.overlaps(part) for other in used):
            yield names[0], part
            return


def _four(text: str) -> IPv4Address | None:
    try:
        ip = ip_address(text.strip())
    except ValueError:
        return None
    return ip if ip.version == 4 else None
