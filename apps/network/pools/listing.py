"""The lists of pools and of addresses, as their addresses (URLs) ask for them."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.db.models import Q, QuerySet
from django.http import QueryDict

from apps.accounts.actor import Actor
from apps.accounts.permissions import Perm
from apps.freebsd.errors import InvalidInput
from apps.network.models import AddressPool, HeldAddress, SeenAddress, address_key
from apps.network.pools.entries import (
    Entry,
    Hosts,
    Plain,
    State,
    entries_of,
    keys_in,
    union_of,
)
from apps.network.pools.gaps import Gap, with_gaps
from apps.network.pools.numbers import ends_of, parse_address, parse_network, shifted
from apps.network.pools.queries import pool_list, seen_in
from apps.pages.listing import Column, Filter, Listing, ListSpec

STATES = tuple((one.key, one.label) for one in (State.HELD, State.AWAITED, State.STRAY, State.OWN))

POOLS = ListSpec(
    id="pool-list",
    columns=(
        Column("name", "Pool", ("name",)),
        Column("network", "Network", ("first_key", "name")),
        Column("for", "For", ("host__name", "group__name", "name")),
        Column("use", "In use", ("held_count", "name")),
        Column("doubts", "To look at", ("unheld_count", "name")),
    ),
    search=("name__icontains", "network__icontains", "interface__icontains", "host__name__icontains"),
    search_label="Search pools",
    filters=(
        Filter(
            "kind",
            "Kind",
            (("private", "Private"), ("public", "Public")),
            narrow=lambda rows, value: rows.filter(is_private=value == "private"),
        ),
    ),
)

ENTRIES = ListSpec(
    id="entry-list",
    columns=(
        Column("address", "Address", ("key",)),
        Column("state", "State"),
        Column("held", "Held for"),
        Column("seen", "Seen at"),
        Column("actions", "", css="row-actions"),
    ),
    search=("address__icontains",),
    search_label="Search addresses, jails, hosts and notes",
    filters=(Filter("state", "State", STATES),),
)

ADDRESSES = ListSpec(
    id="address-list",
    columns=(
        Column("address", "Address", ("key",)),
        Column("state", "State"),
        Column("pool", "Pool"),
        Column("held", "Held for"),
        Column("seen", "Seen at"),
    ),
    search=("address__icontains",),
    search_label="An address, the beginning of one, a network, a jail or a host",
)


class EntryListing(Listing[Any]):
    """The addresses of a pool that are not free; unless it is narrowed, with the free ones between them."""

    def __init__(self, pool: AddressPool, query: QueryDict, hosts: Hosts, plain: Plain) -> None:
        super().__init__(ENTRIES, pool.held.all(), query)
        self.pool, self.hosts, self.plain = pool, hosts, plain

    @cached_property
    def rows(self) -> QuerySet[Any]:
        """The keys that match, in order."""
        return keys_in(self.pool, self.choices.get("state", ""), self.text)

    @cached_property
    def entries(self) -> list[Entry]:
        """The addresses of this page."""
        keys = list(self.page.object_list)
        return entries_of(keys, self.pool.held.all(), seen_in(self.pool), self.hosts, self.plain)

    @property
    def all_rows(self) -> list[Entry | Gap]:
        """The addresses of this page with what lies between them."""
        if self.narrowed:
            return list(self.entries)
        first = self.pool.first_key
        if self.page.has_previous():
            first = shifted(self.rows[self.page.start_index() - 2], 1)
        last = self.entries[-1].key if self.page.has_next() else self.pool.last_key
        return with_gaps(self.entries, self.plain, first, last)


class AddressListing(Listing[Any]):
    """Addresses of all pools and hosts that the actor sees."""

    def __init__(self, actor: Actor, query: QueryDict) -> None:
        super().__init__(ADDRESSES, HeldAddress.objects.all(), query)
        self.actor = actor
        self.hosts = actor.scope(Perm.NETWORK_VIEW)
        self.held: QuerySet[HeldAddress] = HeldAddress.objects.all()
        self.seen: QuerySet[SeenAddress] = SeenAddress.objects.all()
        if self.hosts is not None:
            self.held = self.held.filter(host__in=self.hosts)
            self.seen = self.seen.filter(host__in=self.hosts)

    @cached_property
    def rows(self) -> QuerySet[Any]:
        """The keys that match, in order."""
        wanted = _wanted(self.text)
        by_note = wanted | Q(note__icontains=self.text) if self.text else wanted
        return union_of(self.held.filter(by_note), self.seen.filter(wanted))

    @cached_property
    def entries(self) -> list[Entry]:
        """The addresses of this page."""
        return entries_of(self.page.object_list, self.held, self.seen, self.hosts)

    @cached_property
    def pools(self) -> list[AddressPool]:
        """The pools in which the address lies that is searched for, if it is one."""
        try:
            key = address_key(str(parse_address(self.text)))
        except InvalidInput:
            return []
        return list(pool_list(self.actor).filter(first_key__lte=key, last_key__gte=key))


def _wanted(text: str) -> Q:
    """Return what a search text asks for: an address, a network, or a part of an address or a name."""
    if not text:
        return Q()
    try:
        return Q(address=str(parse_address(text)))
    except InvalidInput:
        pass
    try:
        ends = ends_of(parse_network(text))
    except InvalidInput:
        text = text.strip()
        return Q(address__icontains=text) | Q(jail__icontains=text) | Q(host__name__icontains=text)
    return Q(key__gte=ends.first, key__lte=ends.last)
