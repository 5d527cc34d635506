"""Reads of pools and addresses, narrowed to what the actor may see."""

from __future__ import annotations

from uuid import UUID

from django.db.models import (
    Exists,
    ExpressionWrapper,
    F,
    Func,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
)
from django.http import Http404

from apps.accounts.actor import Actor
from apps.accounts.permissions import Perm
from apps.hosts.models import Host, HostGroup
from apps.network.models import AddressPool, HeldAddress, SeenAddress, address_key

# What a database can look up as a row's number.
_MOST = 2**31 - 1
LOOPBACK = "lo"


def pool_list(actor: Actor) -> QuerySet[AddressPool]:
    """Return the pools that concern a host of the actor's."""
    rows = AddressPool.objects.select_related("group", "host").defer(
        "host__facts", "host__host_key", "host__offered_key"
    )
    hosts = actor.scope(Perm.NETWORK_VIEW)
    if hosts is None:
        return rows
    groups = HostGroup.objects.filter(hosts__in=hosts)
    return rows.filter(Q(host__isnull=True, group__isnull=True) | Q(host__in=hosts) | Q(group__in=groups))


def with_counts(pools: QuerySet[AddressPool]) -> QuerySet[AddressPool]:
    """Add to each pool how many of its addresses are held, and how many jails' were seen and are not."""
    held = HeldAddress.objects.filter(pool=OuterRef("pk"))
    return pools.annotate(held_count=_count(held), unheld_count=_count(_unheld()))


def _count(rows: QuerySet[HeldAddress] | QuerySet[SeenAddress]) -> Subquery:
    # As a plain function: an aggregate would be grouped, and give no row where there is nothing to count.
    count = Func(F("key"), function="COUNT", template="%(function)s(DISTINCT %(expressions)s)")
    counted = rows.order_by().annotate(count=ExpressionWrapper(count, output_field=IntegerField()))
    return Subquery(counted.values("count"), output_field=IntegerField())


def _unheld() -> QuerySet[SeenAddress]:
    """Return the jails' addresses of an outer query's pool that were seen and that it does not hold."""
    pool = AddressPool.objects.filter(of_a_seen_host(), pk=OuterRef(OuterRef("pk")))
    held = HeldAddress.objects.filter(pool=OuterRef(OuterRef("pk")), key=OuterRef("key"))
    span = {"key__gte": OuterRef("first_key"), "key__lte": OuterRef("last_key")}
    return SeenAddress.objects.filter(Exists(pool), ~Exists(held), **span).exclude(jail="")


def of_a_seen_host() -> Q:
    """Return what narrows pools to those of the host of an outer query's seen address."""
    everyones = Q(host__isnull=True, group__isnull=True)
    return everyones | Q(host=OuterRef("host")) | Q(group__isnull=False, group=OuterRef("host__group"))


def pool_get(*, actor: Actor, pool_id: int, need: Perm | None = None) -> AddressPool:
    """Return one pool.

    Raises:
        Http404: There is none of this number that the actor sees.
        NotAllowed: They see it, and may not do what is needed on its hosts.
    """
    pool = pool_list(actor).filter(pk=pool_id).first() if pool_id <= _MOST else None
    if pool is None:
        raise Http404
    if need:
        require(actor, pool.host_id, pool.group, need)
    return pool


def held_get(pool: AddressPool, held_id: int) -> HeldAddress:
    """Return one held address of a pool. Raises Http404 where there is none."""
    row = pool.held.select_related("host").filter(pk=held_id).first() if held_id <= _MOST else None
    if row is None:
        raise Http404
    return row


def may(actor: Actor, host_id: UUID | None, group: HostGroup | None, perm: Perm = Perm.POOL_CHANGE) -> bool:
    """Say whether the actor holds a permission wherever a pool is for: a host, a group's hosts, or all."""
    if actor.may(perm, host_id):
        return True
    hosts = [host.pk for host in group.hosts.all()] if group else []
    return bool(hosts) and all(actor.may(perm, one) for one in hosts)


def require(
    actor: Actor, host_id: UUID | None, group: HostGroup | None, perm: Perm = Perm.POOL_CHANGE
) -> None:
    """Refuse unless the actor holds a permission wherever a pool is for.

    Raises:
        NotAllowed: With the sentence that says what is lacking.
    """
    if not may(actor, host_id, group, perm):
        actor.require(perm, host_id)


def hosts_for(actor: Actor) -> QuerySet[Host]:
    """Return the hosts that a pool of the actor's could be for."""
    hosts = actor.scope(Perm.POOL_CHANGE)
    rows = Host.objects.only("pk", "name").order_by("name")
    return rows if hosts is None else rows.filter(pk__in=hosts)


def groups_for(actor: Actor) -> QuerySet[HostGroup]:
    """Return the groups that a pool of the actor's could be for."""
    hosts = actor.scope(Perm.POOL_CHANGE)
    groups = HostGroup.objects.order_by("name")
    return groups if hosts is None else groups.filter(hosts__in=hosts).distinct()


# -- pools and hosts -----------------------------------------------------------------------------------------


def pools_for(host: Host) -> QuerySet[AddressPool]:
    """Return the pools that a host's jails get addresses from: loopback first, then the closest, by name."""
    rows = AddressPool.objects.filter(_for(host.pk, host.group_id))
    loopback = Q(interface__startswith=LOOPBACK)
    return rows.annotate(
        is_loopback=Exists(AddressPool.objects.filter(loopback, pk=OuterRef("pk")))
    ).order_by("-is_loopback", F("host").asc(nulls_last=True), F("group").asc(nulls_last=True), "name")


def pool_of(host: Host, address: str) -> AddressPool | None:
    """Return the pool of a host that an address lies in: its own, else its group's, else everyone's."""
    key = address_key(address)
    rows = AddressPool.objects.filter(_for(host.pk, host.group_id), first_key__lte=key, last_key__gte=key)
    return min(rows, key=_closeness, default=None)


def _closeness(pool: AddressPool) -> int:
    return 0 if pool.host_id else 1 if pool.group_id else 2


def _for(host_id: UUID, group_id: int | None) -> Q:
    group = Q(group=group_id) if group_id else Q(pk__in=[])
    return Q(host=host_id) | group | Q(host__isnull=True, group__isnull=True)


def seen_in(pool: AddressPool) -> QuerySet[SeenAddress]:
    """Return what was seen of a pool's addresses on the hosts that it is for."""
    rows = SeenAddress.objects.filter(key__gte=pool.first_key, key__lte=pool.last_key)
    if pool.host_id:
        return rows.filter(host=pool.host_id)
    return rows.filter(host__group=pool.group_id) if pool.group_id else rows
