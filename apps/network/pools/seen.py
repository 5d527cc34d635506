"""What a probe says of addresses: where each is, and whose. A constant number of queries, however many."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from apps.freebsd.parsers.facts import HostFacts
from apps.freebsd.values import IpAddress
from apps.hosts.models import Host
from apps.network.models import SeenAddress, address_key
from apps.network.pools.holding import settle_ended

# key, address, interface, prefix, jail
Place = tuple[str, str, str, int | None, str]
_BATCH = 400


def observe(host: Host, facts: HostFacts) -> bool:
    """Store the addresses of a whole probe; writes only what has changed.

    A jail whose file does not tell its addresses for certain keeps those that it was last seen with.

    Returns:
        Whether anything has.
    """
    rows = {
        (row.key, row.address, row.interface, row.prefix, row.jail): row
        for row in SeenAddress.objects.filter(host=host)
    }
    unsure = {jail.safe_name for jail in facts.jails if jail.addresses is None}
    now = set(places(facts))
    gone = [row.pk for place, row in rows.items() if place not in now and place[4] not in unsure]
    _store(host, now - rows.keys(), gone, host.seen_at or facts.now)
    settle_ended(host.pk)
    return bool(gone) or not now <= rows.keys()


def _store(host: Host, new: set[Place], gone: list[int], seen_at: datetime) -> None:
    if gone:
        SeenAddress.objects.filter(pk__in=gone).delete()
    if new:
        SeenAddress.objects.bulk_create(
            (
                SeenAddress(
                    host=host, key=key, address=address, interface=interface, prefix=prefix, jail=jail,
                    seen_at=seen_at,
                )
                for key, address, interface, prefix, jail in sorted(new, key=str)
            ),
            batch_size=_BATCH,
            ignore_conflicts=True,
        )  # fmt: skip


def places(facts: HostFacts) -> Iterator[Place]:
    """Return each address of a host and of its jails once a place; link-local ones say nothing to others."""
    where = {
        _plain(one.ip): (interface.name, one.network.prefixlen)
        for interface in facts.interfaces
        for one in interface.addresses
    }
    of_jails = dict(_of_jails(facts))
    for (ip, jail), written in of_jails.items():
        interface, prefix = where.get(ip, (written, None))
        yield _place(ip, interface, prefix, jail)
    taken = {ip for ip, _jail in of_jails}
    for ip, (interface, prefix) in where.items():
        if ip not in taken and not ip.is_link_local:
            yield _place(ip, interface, prefix, "")


def _of_jails(facts: HostFacts) -> Iterator[tuple[tuple[IpAddress, str], str]]:
    """Give each address of a jail with its name and the interface that its file says, the kernel's first."""
    for running in facts.running:
        for ip in running.addresses:
            yield (_plain(ip), running.name[:255]), ""
    for jail in facts.jails:
        for item in jail.addresses or ():
            if item.address is not None:
                yield (_plain(item.address.ip), jail.safe_name), str(item.address.interface or "")[:15]


def _plain(ip: IpAddress) -> IpAddress:
    """Leave out the scope: the interface says it."""
    return type(ip)(int(ip))


def _place(ip: IpAddress, interface: str, prefix: int | None, jail: str) -> Place:
    return address_key(str(ip)), str(ip), interface[:15], prefix, jail
