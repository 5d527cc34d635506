"""A leak is mended with what is there: the jail's own loopback address, a pool's next, or a free one."""

from __future__ import annotations

import pytest

from apps.jails.filling import offered_pools
from apps.jails.leaks.mending import private_first
from apps.jails.rows import AddressRow
from apps.jails.settings.addresses import jail_network
from tests.network.pools.places import keep, make_pool
from tests.places import FACTS, make_jail

PUBLIC = AddressRow(0, "re0", "203.0.113.5", "32")


@pytest.fixture
def jail(host):
    return make_jail(host, "web", addresses="re0|203.0.113.5/32")


def mended(jail, *rows: AddressRow) -> list[tuple[int, str, str, str]]:
    found = private_first(rows or (PUBLIC,), jail_network(jail), offered_pools(jail.host))
    return [(row.number, row.interface, row.address, row.prefix) for row in found]


THEN = (1, "re0", "203.0.113.5", "32")


def test_a_private_loopback_address_of_its_own_comes_first(jail):
    own = AddressRow(1, "lo0", "10.0.0.7", "24")
    assert mended(jail, PUBLIC, own) == [(0, "lo0", "10.0.0.7", "24"), THEN]


def test_the_next_free_address_of_a_private_loopback_pool_comes_first(host, jail):
    make_pool("198.51.100.0/24", name="a public one", interface="lo0")
    pool = make_pool("10.0.9.0/24", interface="lo0", host=host)
    keep(pool, "10.0.9.1", note="host")
    assert mended(jail) == [(0, "lo0", "10.0.9.2", "24"), THEN]


def test_a_free_address_beside_those_on_loopback_comes_first(host, jail):
    make_jail(host, "db", addresses="lo0|10.0.0.2/24")
    assert mended(jail) == [(0, "lo0", "10.0.0.3", "24"), THEN]


def test_where_loopback_has_no_subnet_a_new_one_is_taken(host, jail):
    interfaces = [
        {"name": "re0", "addresses": ["10.0.0.9/24"]},
        {"name": "lo0", "addresses": ["127.0.0.1/8"]},
        {"name": "lo1", "addresses": []},
    ]
    host.facts = FACTS | {"interfaces": interfaces}
    host.save()
    jail.host = host
    assert mended(jail) == [(0, "lo1", "10.0.1.2", "24"), THEN]


def test_where_no_loopback_was_seen_nothing_is_proposed(host, jail):
    host.facts = FACTS | {"interfaces": []}
    host.save()
    jail.host = host
    assert mended(jail) == []
