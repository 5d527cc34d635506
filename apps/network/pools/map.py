"""The map of a pool: each of its addresses a field, in blocks of 256, where it is small enough for that."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_network

from apps.network.models import AddressPool
from apps.network.pools.entries import Entry, Hosts, Plain, State, entries_of, keys_in
from apps.network.pools.numbers import number_of, shifted
from apps.network.pools.queries import seen_in

LARGEST = 1024
BLOCK = 256


@dataclass(frozen=True, slots=True)
class Field:
    """One address on the map.

    Args:
        address: The address.
        state: What it is.
        words: The same in words.
    """

    address: str
    state: State
    words: str


@dataclass(frozen=True, slots=True)
class Block:
    """Addresses that share all but their last number.

    Args:
        title: What they share, such as 10.0.0.
        fields: The addresses.
    """

    title: str
    fields: list[Field]


@dataclass(frozen=True, slots=True)
class PoolMap:
    """A whole pool.

    Args:
        blocks: Its addresses.
        legend: Each state with how many addresses have it.
    """

    blocks: list[Block]
    legend: list[tuple[State, int]]


def has_map(pool: AddressPool) -> bool:
    """Whether a pool is small enough for a map."""
    network = ip_network(pool.network)
    return network.version == 4 and network.num_addresses <= LARGEST


def map_of(pool: AddressPool, hosts: Hosts, plain: Plain) -> PoolMap:
    """Return the map of a pool that is small enough.

    Args:
        pool: The pool.
        hosts: The hosts that the reader sees; None for all.
        plain: What the pool keeps back.
    """
    entries = entries_of(keys_in(pool), pool.held.all(), seen_in(pool), hosts, plain)
    known = {entry.key: entry for entry in entries}
    size = number_of(pool.last_key) - number_of(pool.first_key) + 1
    keys = [shifted(pool.first_key, step) for step in range(size)]
    fields = [_field(known.get(key) or Entry(key, reserved=plain.of_key(key))) for key in keys]
    blocks = [fields[start : start + BLOCK] for start in range(0, size, BLOCK)]
    counts = {state: sum(field.state is state for field in fields) for state in State}
    return PoolMap(
        [Block(_title(block), block) for block in blocks],
        list(counts.items()),
    )


def _field(entry: Entry) -> Field:
    return Field(entry.address, entry.state, entry.words)


def _title(block: list[Field]) -> str:
    return f"{block[0].address} – {block[-1].address.rpartition('.')[2]}"
