"""The next free address of a pool, however large the network and however full the pool."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from apps.freebsd.errors import Conflict
from apps.network.models import HeldAddress, ReservedRange, address_key
from apps.network.pools.free import first_gap, next_free
from apps.network.pools.numbers import Range, number_of, shifted
from tests.network.pools.places import keep, make_pool, see

FIRST = address_key("10.0.0.0")


@given(st.sets(st.integers(0, 40)), st.integers(1, 40))
def test_the_first_gap_is_the_one_that_walking_finds(taken, size):
    part = Range(FIRST, shifted(FIRST, size - 1))

    def count(within):
        low, high = (number_of(key) - number_of(FIRST) for key in (within.first, within.last))
        return sum(low <= one <= high for one in taken)

    walked = next((step for step in range(size) if step not in taken), None)
    assert first_gap(part, count) == ("" if walked is None else shifted(FIRST, walked))


@pytest.mark.parametrize(
    ("network", "gateway", "free"),
    [
        ("10.0.0.0/24", "", "10.0.0.1"),
        ("10.0.0.0/24", "10.0.0.1", "10.0.0.2"),
        ("192.0.2.8/31", "", "192.0.2.8"),
        ("192.0.2.8/32", "", "192.0.2.8"),
        ("fd00::/64", "", "fd00::1"),
        ("10.0.0.0/8", "10.0.0.1", "10.0.0.2"),
    ],
)
def test_ends_of_a_network_and_its_gateway_are_nobodys(db, network, gateway, free):
    assert next_free(make_pool(network, gateway=gateway)) == free


def test_held_seen_and_reserved_addresses_are_passed_over(host):
    pool = make_pool()
    keep(pool, "10.0.0.1", note="printer")
    see(host, "10.0.0.2", "web")
    ReservedRange.objects.create(
        pool=pool, first="10.0.0.3", last="10.0.0.9",
        first_key=address_key("10.0.0.3"), last_key=address_key("10.0.0.9"),
    )  # fmt: skip
    see(host, "10.0.0.10")
    assert next_free(pool) == "10.0.0.11"
    assert next_free(pool, [address_key("10.0.0.11")]) == "10.0.0.12"


def test_what_hosts_have_that_a_pool_is_not_for_does_not_matter(host, other_host):
    pool = make_pool(host=host)
    see(other_host, "10.0.0.1", "web")
    assert next_free(pool) == "10.0.0.1"


def test_a_full_pool_says_so(db):
    pool = make_pool("10.0.0.0/30", "small")
    for last in (1, 2):
        keep(pool, f"10.0.0.{last}", note="x")
    with pytest.raises(Conflict, match="no free address left"):
        next_free(pool)


@pytest.mark.parametrize(("network", "first"), [("10.0.0.0/8", "10.0.0.1"), ("fd00::/64", "fd00::1")])
def test_a_large_network_is_counted_not_walked(db, network, first):
    pool = make_pool(network)
    keys = [shifted(address_key(first), step) for step in range(900) if step != 850]
    HeldAddress.objects.bulk_create(HeldAddress(pool=pool, key=key, address=key, note="x") for key in keys)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        free = next_free(pool)
    assert address_key(free) == shifted(address_key(first), 850)
    assert len(queries) < 30
