"""Pools and what is reserved or kept in them: each change with its entry in the record."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q

from apps.accounts.actor import Actor
from apps.audit.services import Subject, record
from apps.freebsd.errors import Conflict, InvalidInput
from apps.freebsd.values import InterfaceName, IpNetwork
from apps.hosts.models import Host, HostGroup
from apps.network.models import AddressPool, HeldAddress
from apps.network.pools.holding import announce, locked
from apps.network.pools.numbers import ends_of, parse_address
from apps.network.pools.queries import require

_NAME = re.compile(r"[^\W_](?:[\w .,()+/:-]{0,61}[\w.)+])?")
_NAMED = 3


@dataclass(frozen=True, slots=True)
class PoolWish:
    """What a pool is to be.

    Args:
        name: What people call it.
        network: Its network.
        interface: Where its addresses go.
        is_private: Whether no one beyond the site reaches them.
        gateway: An address in it that leads out, or empty.
        host: The host that it is for.
        group: Or the group of hosts; with neither it is for all.
        note: What people should know of it.
    """

    name: str
    network: IpNetwork
    interface: InterfaceName
    is_private: bool
    gateway: str = ""
    host: Host | None = None
    group: HostGroup | None = None
    note: str = ""

    def put(self, pool: AddressPool) -> AddressPool:
        """Make a pool what is wished for."""
        ends = ends_of(self.network)
        pool.name, pool.network, pool.interface = self.name.strip(), str(self.network), str(self.interface)
        pool.first_key, pool.last_key = ends.first, ends.last
        pool.is_private, pool.gateway, pool.note = self.is_private, self.gateway, self.note.strip()
        pool.host, pool.group = self.host, self.group
        return pool


def pool_add(*, actor: Actor, wish: PoolWish) -> AddressPool:
    """Add a pool.

    Raises:
        NotAllowed: The actor may not, on the hosts that it is for.
        InvalidInput: The name is taken, or its network overlaps another pool of the same hosts.
    """
    _require(actor, wish)
    pool = wish.put(AddressPool())
    _check(pool)
    with transaction.atomic():
        _save(pool, force_insert=True)
        # The record lets changes pass one by one, so what is looked at after it is whole.
        record(actor=actor, action="pool.added", subject=subject_of(pool), after=said(pool))
        _check_overlap(pool)
        announce()
    return pool


def pool_change(*, actor: Actor, pool: AddressPool, wish: PoolWish) -> AddressPool:
    """Change a pool.

    Raises:
        NotAllowed: The actor may not, on the hosts that it is for or was for.
        InvalidInput: As `pool_add`; or addresses are held that would not belong to it any more.
        Conflict: It was removed meanwhile.
    """
    _require(actor, wish)
    with transaction.atomic():
        row = locked(pool)
        require(actor, row.host_id, row.group)
        before = said(row)
        wish.put(row)
        _check(row)
        _check_held(row)
        _save(row)
        record(actor=actor, action="pool.changed", subject=subject_of(row), before=before, after=said(row))
        _check_overlap(row)
        announce()
    return row


def pool_remove(*, actor: Actor, pool: AddressPool) -> None:
    """Remove a pool.

    Raises:
        NotAllowed: The actor may not.
        Conflict: Addresses of it are held, or it was removed already.
    """
    with transaction.atomic():
        row = locked(pool)
        require(actor, row.host_id, row.group)
        if why_not := why_not_remove(row):
            raise Conflict(why_not)
        record(actor=actor, action="pool.removed", subject=subject_of(row), before=said(row))
        row.delete()
        announce()


def why_not_remove(pool: AddressPool) -> str:
    """Return why a pool cannot go; empty when it can."""
    return _still_held(list(pool.held.order_by("key")[: _NAMED + 1]), pool.held.count)


# -- rules -------------------------------------------------------------------------------------------


def _require(actor: Actor, wish: PoolWish) -> None:
    require(actor, wish.host.pk if wish.host else None, wish.group)


def _check(pool: AddressPool) -> None:
    if not _NAME.fullmatch(pool.name):
        raise InvalidInput(
            "A name is 1 to 63 letters, digits, blanks and . , ( ) + - / :, "
            "and begins with a letter or digit.",
            field="name",
        )
    if pool.gateway:
        gateway = parse_address(pool.gateway, "gateway")
        if gateway not in ip_network(pool.network):
            raise InvalidInput(f"{gateway} is not in {pool.network}.", field="gateway")
        pool.gateway = str(gateway)


def _save(pool: AddressPool, **how: Any) -> None:
    try:
        with transaction.atomic():
            pool.save(**how)
    except IntegrityError as error:
        raise InvalidInput("There is a pool of this name already.", field="name") from error


def _check_overlap(pool: AddressPool) -> None:
    """Refuse a network that shares addresses with another pool of the same hosts."""
    rows = AddressPool.objects.filter(first_key__lte=pool.last_key, last_key__gte=pool.first_key)
    rows = rows.filter(_shares_hosts(pool)).exclude(pk=pool.pk)
    if other := rows.first():
        where = "of the same hosts" if other.host_id is None else f"of {other.host}"
        raise InvalidInput(
            f"{pool.network} overlaps the pool {other.name} ({other.network}) {where}.", field="network"
        )


def _shares_hosts(pool: AddressPool) -> Q:
    everywhere = Q(host__isnull=True, group__isnull=True)
    if pool.host is not None:
        return everywhere | Q(host=pool.host) | Q(group__isnull=False, group=pool.host.group_id)
    if pool.group is not None:
        return everywhere | Q(group=pool.group) | Q(host__group=pool.group)
    return Q()


def _check_held(pool: AddressPool) -> None:
    """Refuse to change a pool away from under what is held or reserved in it."""
    outside = Q(key__lt=pool.first_key) | Q(key__gt=pool.last_key)
    rows = pool.held.filter(outside)
    if lost := _still_held(list(rows[: _NAMED + 1]), rows.count):
        raise InvalidInput(f"{lost} They lie outside {pool.network}.", field="network")
    if pool.reserved.filter(Q(first_key__lt=pool.first_key) | Q(last_key__gt=pool.last_key)).exists():
        raise InvalidInput(f"Reserved addresses lie outside {pool.network}.", field="network")
    elsewhere = pool.held.exclude(host__isnull=True)
    if pool.host is not None:
        elsewhere = elsewhere.exclude(host=pool.host)
    elif pool.group is not None:
        elsewhere = elsewhere.exclude(host__group=pool.group)
    else:
        return
    if lost := _still_held(list(elsewhere[: _NAMED + 1]), elsewhere.count):
        raise InvalidInput(f"{lost} They belong to hosts that it would not be for.", field="hosts")


def _still_held(rows: list[HeldAddress], count: Any) -> str:
    if not rows:
        return ""
    named = [f"{row.address} ({row.jail or row.note})" for row in rows[:_NAMED]]
    more = f" and {count() - _NAMED} more" if len(rows) > _NAMED else ""
    return f"Still held: {', '.join(named)}{more}."


# -- the record --------------------------------------------------------------------------------------


def subject_of(pool: AddressPool) -> Subject:
    """Return what the record calls a pool."""
    return Subject("pool", str(pool.pk), pool.name, pool.host_id)


def said(pool: AddressPool) -> dict[str, Any]:
    """Return what a pool is, for the record."""
    hosts = pool.host.name if pool.host else f"group {pool.group.name}" if pool.group else "every host"
    return {
        "name": pool.name,
        "network": pool.network,
        "interface": pool.interface,
        "private": pool.is_private,
        "gateway": pool.gateway,
        "hosts": hosts,
        "note": pool.note,
    }
