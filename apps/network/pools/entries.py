"""What an address of a pool is: free, reserved, held, seen; as values that pages show."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from apps.network.models import AddressPool, HeldAddress, ReservedRange, SeenAddress
from apps.network.pools.numbers import Range, address_of, set_apart
from apps.network.pools.queries import seen_in

Hosts = frozenset[UUID] | None
if TYPE_CHECKING:
    Keys = QuerySet[Any, str]


class State(Enum):
    """What an address is: its name in addresses and style sheets, a symbol, and a word for each."""

    FREE = ("free", "·", "free")
    RESERVED = ("reserved", "–", "reserved")
    HELD = ("held", "●", "held and seen")
    AWAITED = ("awaited", "○", "held, not seen")
    STRAY = ("stray", "?", "seen, not held")
    OWN = ("own", "⌂", "a host's own")

    @property
    def key(self) -> str:
        """Its name."""
        return str(self.value[0])

    @property
    def symbol(self) -> str:
        """What stands for it where there is no room for words."""
        return str(self.value[1])

    @property
    def label(self) -> str:
        """Its word."""
        return str(self.value[2])


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose an address is, for one who may see it.

    Args:
        host_id: The host; None for none, or one that the reader does not see.
        host: Its name, or what stands for it.
        jail: The jail's safe name; empty for none.
        place: Where it is there, such as lo1/24; or empty.
        is_hidden: Whether the reader does not see the host.
    """

    host_id: UUID | None
    host: str
    jail: str = ""
    place: str = ""
    is_hidden: bool = False

    @property
    def words(self) -> str:
        """Whose it is, in words."""
        if self.is_hidden:
            return "another host"
        return f"{self.jail} on {self.host}" if self.jail else self.host


@dataclass(slots=True)
class Entry:
    """An address and all that is known of it.

    Args:
        key: Its key.
        held: Those that hold it: one in a pool, and perhaps several where more pools have it.
        seen: Where it was seen.
        reserved: What it is reserved for, or empty.
        hosts: The hosts that the reader sees; None for all.
    """

    key: str
    hosts: Hosts = None
    held: list[HeldAddress] = field(default_factory=list)
    seen: list[SeenAddress] = field(default_factory=list)
    reserved: str = ""

    @property
    def address(self) -> str:
        """The address."""
        return address_of(self.key)

    @property
    def state(self) -> State:
        """What it is."""
        if self.held:
            return State.HELD if self.is_where_it_belongs else State.AWAITED
        if self.reserved:
            return State.RESERVED
        if self.seen:
            return State.STRAY if any(row.jail for row in self.seen) else State.OWN
        return State.FREE

    @property
    def is_where_it_belongs(self) -> bool:
        """Whether one that it is held for was seen to have it."""
        there = {(row.host_id, row.jail) for row in self.seen}
        by_hand = any(not row.jail for row in self.held)
        return bool(there) and (by_hand or any((row.host_id, row.jail) in there for row in self.held))

    @property
    def note(self) -> str:
        """What was written of it."""
        return next((row.note for row in self.held if row.note), self.reserved)

    @property
    def is_pending(self) -> bool:
        """Whether a job is still to give it to its jail."""
        return any(row.job_id for row in self.held)

    @property
    def holders(self) -> list[Holder]:
        """Those that it is held for."""
        return [self._holder(row, "") for row in self.held if row.jail]

    @property
    def places(self) -> list[Holder]:
        """Where it was seen."""
        return [
            self._holder(row, f"{row.interface}/{row.prefix}" if row.prefix is not None else row.interface)
            for row in self.seen
        ]

    def _holder(self, row: HeldAddress | SeenAddress, place: str) -> Holder:
        if row.host is None:
            return Holder(None, "")
        if self.hosts is not None and row.host_id not in self.hosts:
            return Holder(None, "another host", is_hidden=True)
        return Holder(row.host_id, row.host.name, row.jail, place)

    @property
    def words(self) -> str:
        """What it is, in one line."""
        parts = [f"{self.state.label}: {self.note}" if self.note else self.state.label]
        if self.holders:
            parts.append(f"for {self.holders[0].words}")
        if self.places:
            more = f" and {len(self.places) - 1} more" if len(self.places) > 1 else ""
            parts.append(f"seen at {self.places[0].words}{more}")
        return ", ".join(parts)


@dataclass(frozen=True, slots=True)
class Plain:
    """What a pool keeps back, by key.

    Args:
        apart: Single addresses and what each is.
        ranges: The reserved ranges.
    """

    apart: dict[str, str]
    ranges: tuple[ReservedRange, ...]

    @classmethod
    def of(cls, pool: AddressPool) -> Plain:
        """Return what a pool keeps back."""
        return cls(set_apart(ip_network(pool.network), pool.gateway), tuple(pool.reserved.all()))

    def of_key(self, key: str) -> str:
        """Return what an address is reserved for; empty when it is not."""
        if why := self.apart.get(key):
            return why
        row = next((row for row in self.ranges if row.first_key <= key <= row.last_key), None)
        return (row.note or "reserved range") if row else ""

    def rows(self) -> list[tuple[Range, str]]:
        """Return all that is kept back, as ranges with what each is."""
        single = [(Range(key, key), why) for key, why in self.apart.items()]
        ranges = [(Range(row.first_key, row.last_key), row.note or "reserved range") for row in self.ranges]
        return [*single, *ranges]


def entries_of(
    keys: Iterable[str],
    held: QuerySet[HeldAddress],
    seen: QuerySet[SeenAddress],
    hosts: Hosts = None,
    plain: Plain | None = None,
) -> list[Entry]:
    """Return what is known of some addresses, in two queries.

    Args:
        keys: Their keys, in order.
        held: Where to look for who holds them.
        seen: Where to look for where they were seen.
        hosts: The hosts that the reader sees; None for all.
        plain: What their pool keeps back.
    """
    found = {key: Entry(key, hosts=hosts, reserved=plain.of_key(key) if plain else "") for key in keys}
    names = [f"host__{name}" for name in ("facts", "host_key", "offered_key")]
    for row in held.filter(key__in=list(found)).select_related("host", "pool").defer(*names):
        found[row.key].held.append(row)
    for one in seen.filter(key__in=list(found)).select_related("host").defer(*names):
        found[one.key].seen.append(one)
    return list(found.values())


def keys_in(pool: AddressPool, state: str = "", text: str = "") -> Keys:
    """Return the keys of a pool's addresses that are held or were seen, in order, as a query.

    Args:
        pool: The pool.
        state: Only those of this state: held, awaited, stray or own; empty for all.
        text: Only those of which the address, the jail, the host or the note has this in it.
    """
    held, seen = _found(pool.held.all(), text, "note"), _found(seen_in(pool), text)
    by_pool = HeldAddress.objects.filter(pool=pool, key=OuterRef("key"))
    there = SeenAddress.objects.filter(key=OuterRef("key"), host=OuterRef("host"), jail=OuterRef("jail"))
    of_jails = seen_in(pool).filter(key=OuterRef("key")).exclude(jail="")
    if state == State.HELD.key:
        held, seen = held.filter(Exists(there)), seen.none()
    elif state == State.AWAITED.key:
        held, seen = held.filter(~Exists(there)), seen.none()
    elif state == State.STRAY.key:
        held, seen = held.none(), seen.filter(~Exists(by_pool)).exclude(jail="")
    elif state == State.OWN.key:
        held, seen = held.none(), seen.filter(~Exists(by_pool), ~Exists(of_jails))
    return union_of(held, seen)


def union_of(held: QuerySet[HeldAddress], seen: QuerySet[SeenAddress]) -> Keys:
    """Return the keys of both, each once, in order."""
    mine: Keys = held.order_by().values_list("key", flat=True)
    theirs: Keys = seen.order_by().values_list("key", flat=True)
    return mine.union(theirs).order_by("key")


def _found(rows: QuerySet, text: str, *more: str) -> QuerySet:  # type: ignore[type-arg]
    if not text:
        return rows
    wanted = Q()
    for name in ("address", "jail", "host__name", *more):
        wanted |= Q(**{f"{name}__icontains": text})
    return rows.filter(wanted)
