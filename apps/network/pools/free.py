"""The next free address of a pool, found by counting, however large the network is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from ipaddress import ip_network

from apps.freebsd.errors import Conflict
from apps.network.models import AddressPool
from apps.network.pools.numbers import Range, address_of, set_apart, shifted, without
from apps.network.pools.queries import seen_in

Taken = Callable[[Range], int]


def next_free(pool: AddressPool, besides: Iterable[str] = ()) -> str:
    """Return the lowest address of a pool that is not reserved, not held, and was seen on no host.

    Args:
        pool: The pool.
        besides: Keys that do not count as free either: those of a form that is not sent yet.

    Raises:
        Conflict: There is none left.
    """
    apart = set_apart(ip_network(pool.network), pool.gateway)
    taken = [Range(key, key) for key in (*apart, *besides)]
    taken += [Range(one.first_key, one.last_key) for one in pool.reserved.all()]
    whole = Range(pool.first_key, pool.last_key)
    for part in without(whole, taken):
        if key := first_gap(part, lambda within: _taken(pool, within)):
            return address_of(key)
    raise Conflict(
        f"The pool {pool.name} ({pool.network}) has no free address left. Release one, "
        "or take a larger network."
    )


def _taken(pool: AddressPool, within: Range) -> int:
    """Return how many addresses of a range are held or were seen; by the index, in one query."""
    span = {"key__gte": within.first, "key__lte": within.last}
    held = pool.held.filter(**span).order_by().values_list("key")
    return held.union(seen_in(pool).filter(**span).order_by().values_list("key")).count()


def first_gap(part: Range, taken: Taken) -> str:
    """Return the first key of a range that is not taken, or empty; asks about twice the logarithm.

    Args:
        part: Where to look.
        taken: Says how many keys of a range are taken.
    """
    known, step, size = 0, 1, part.size
    while known < size:
        step = min(step, size - known)
        if not _is_full(part, known, step, taken):
            return shifted(part.first, _narrowed(part, known, step, taken))
        known, step = known + step, step * 2
    return ""


def _narrowed(part: Range, known: int, step: int, taken: Taken) -> int:
    """Return where the first gap is, given that it is within `step` keys behind the first `known`."""
    while step > 1:
        half = step // 2
        if _is_full(part, known, half, taken):
            known, step = known + half, step - half
        else:
            step = half
    return known


def _is_full(part: Range, known: int, step: int, taken: Taken) -> bool:
    within = Range(shifted(part.first, known), shifted(part.first, known + step - 1))
    return taken(within) == step
