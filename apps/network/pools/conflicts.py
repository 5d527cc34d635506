"""Addresses that two have who share a network. What is on a host's loopback is the host's own affair."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from apps.accounts.actor import Actor
from apps.accounts.permissions import Perm
from apps.network.models import AddressPool, HeldAddress, SeenAddress
from apps.network.pools.entries import Entry, Hosts, entries_of
from apps.network.pools.queries import LOOPBACK

MOST = 500


@dataclass(frozen=True, slots=True)
class Conflict:
    """An address that more than one has.

    Args:
        entry: The address, with all who have it.
        why: What is wrong, in words.
    """

    entry: Entry
    why: str


def conflict_list(actor: Actor) -> list[Conflict]:
    """Return the addresses in dispute of which the actor sees a party, in a constant number of queries."""
    hosts = actor.scope(Perm.NETWORK_VIEW)
    own = _own_networks()
    entries = entries_of(_keys(), HeldAddress.objects.all(), _on_a_wire(), hosts)
    found = [(entry, _why(entry, own)) for entry in entries]
    return [Conflict(entry, why) for entry, why in found if why and _concerns(entry, hosts)]


def _on_a_wire() -> QuerySet[SeenAddress]:
    """Return what is on an interface now, but for loopback."""
    return SeenAddress.objects.exclude(interface__startswith=LOOPBACK).exclude(prefix__isnull=True)


def _keys() -> list[str]:
    """Return the keys of addresses that may be in dispute."""
    twice = (
        _on_a_wire().order_by().values("key").annotate(count=Count("host", distinct=True)).filter(count__gt=1)
    )
    shared = Q(pool__host__isnull=True) & (
        Q(pool__group__isnull=True) | Q(pool__group=OuterRef("host__group"))
    )
    others = HeldAddress.objects.filter(shared, key=OuterRef("key"), host__isnull=False)
    others = others.exclude(pool__interface__startswith=LOOPBACK).exclude(host=OuterRef("host"))
    elsewhere = _on_a_wire().filter(Exists(others)).order_by().values("key")
    jails = HeldAddress.objects.filter(key=OuterRef("key"), host=OuterRef("host")).exclude(jail="")
    another = SeenAddress.objects.exclude(jail="").filter(Exists(jails.exclude(jail=OuterRef("jail"))))
    keys = twice.values_list("key", flat=True)
    more = elsewhere.values_list("key", flat=True), another.order_by().values_list("key", flat=True)
    return list(keys.union(*more).order_by("key")[:MOST])


def _own_networks() -> list[tuple[object, str, str]]:
    """Return the networks that are one host's alone: others may have the same."""
    return list(AddressPool.objects.filter(host__isnull=False).values_list("host", "first_key", "last_key"))


def _why(entry: Entry, own: list[tuple[object, str, str]]) -> str:
    alone = {host for host, first, last in own if first <= entry.key <= last}
    on = {row.host_id for row in entry.seen if row.host_id not in alone}
    if len(on) > 1:
        return f"{len(on)} hosts have it on an interface."
    for held in entry.held:
        others = [row for row in entry.seen if row.host_id not in alone or row.host_id == held.host_id]
        if held.jail and any(_takes(held, row) for row in others):
            return "It is held for one, and another has it."
    return ""


def _takes(held: HeldAddress, seen: SeenAddress) -> bool:
    """Whether what was seen is not where an address belongs."""
    if held.host_id == seen.host_id:
        return bool(seen.jail) and seen.jail != held.jail
    return held.pool.host_id is None and not held.pool.interface.startswith(LOOPBACK)


def _concerns(entry: Entry, hosts: Hosts) -> bool:
    parties = {row.host_id for row in entry.held} | {row.host_id for row in entry.seen}
    return hosts is None or not hosts.isdisjoint(parties)


def in_pool(conflicts: list[Conflict], pool: AddressPool) -> int:
    """Return how many of the addresses in dispute lie in a pool."""
    return sum(pool.first_key <= one.entry.key <= pool.last_key for one in conflicts)
