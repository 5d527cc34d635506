"""Pages of pools: the map, the list, filters in the address, and what one may see."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse

from apps.network.models import AddressPool, HeldAddress, ReservedRange, address_key
from tests.answers import error_of, text
from tests.network.pools.places import keep, make_pool, see

LIST, ADD = "/network/pools/", "/network/pools/add/"
WISH = {"name": "Jails", "network": "10.0.0.0/24", "interface": "lo1", "hosts": "all"}


def url(pool: AddressPool) -> str:
    return reverse("network:pool-detail", args=[pool.pk])


@pytest.fixture
def pool(host, other_host):
    """A pool with an address of each kind."""
    made = make_pool("10.0.0.0/24", "jails", gateway="10.0.0.1")
    keep(made, "10.0.0.2", host, "web")
    see(host, "10.0.0.2", "web")
    keep(made, "10.0.0.3", other_host, "db")
    see(host, "10.0.0.4", "mail")
    see(host, "10.0.0.5")
    keep(made, "10.0.0.6", note="printer")
    return made


def fields(page: str) -> dict[str, str]:
    found = re.findall(r'<a class="m-(\w+)"[^>]*?aria-label="(\S+) ([^"]*)"', page)
    return {address: f"{state}: {words}" for state, address, words in found}


def test_the_map_tells_what_each_address_is(owner, pool):
    shown = fields(text(owner.client.get(url(pool))))
    assert len(shown) == 256
    assert [shown[f"10.0.0.{last}"] for last in range(8)] == [
        "reserved: reserved: the network&#x27;s own address",
        "reserved: reserved: the gateway",
        "held: held and seen, for web on alpha, seen at web on alpha",
        "awaited: held, not seen, for db on omega",
        "stray: seen, not held, seen at mail on alpha",
        "own: a host&#x27;s own, seen at alpha",
        "awaited: held, not seen: printer",
        "free: free",
    ]


def test_hosts_that_one_may_not_see_have_no_name(viewer, pool):
    page = text(viewer.client.get(url(pool)))
    assert "omega" not in page
    assert "another host" in page
    assert "keep/" not in page


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("state=held", ["10.0.0.2"]),
        ("state=awaited", ["10.0.0.3", "10.0.0.6"]),
        ("state=stray", ["10.0.0.4"]),
        ("state=own", ["10.0.0.5"]),
        ("q=printer", ["10.0.0.6"]),
        ("q=web", ["10.0.0.2"]),
        ("q=10.0.0.4", ["10.0.0.4"]),
        ("q=nothing", []),
        ("state=x&q=omega", ["10.0.0.3"]),
    ],
)
def test_the_list_is_narrowed_by_its_address(owner, pool, query, found):
    page = text(
        owner.client.get(f"{url(pool)}?{query}", headers={"HX-Request": "true", "HX-Target": "entry-list"})
    )
    assert re.findall(r'row-title font-monospace">([^<]*)', page) == found


def test_a_network_too_large_for_a_map_is_a_list_with_the_free_ranges(owner, host):
    pool = make_pool("fd00::/64", "six")
    for last in (5, 6):
        keep(pool, f"fd00::{last}", host, f"jail{last}")
    key = address_key("fd00::8")
    ReservedRange.objects.create(pool=pool, first="fd00::8", last="fd00::8", first_key=key, last_key=key)
    page = text(owner.client.get(url(pool)))
    assert fields(page) == {}
    assert re.findall(r'"font-monospace">(fd00::[^<]*)</span></td>', page.replace("\n", "")) == [
        "fd00::",
        "fd00::1 – fd00::4",
        "fd00::7",
        "fd00::8",
        "fd00::9 – fd00::ffff:ffff:ffff:ffff",
    ]


def test_each_page_of_a_long_list_begins_where_the_one_before_ended(owner, host):
    pool = make_pool("10.0.0.0/16", "wide")
    for number in range(60):
        keep(pool, f"10.0.{number}.9", host, f"jail{number}")
    page = text(owner.client.get(f"{url(pool)}?page=2"))
    assert "10.0.49.10 – 10.0.50.8" in page
    assert "10.0.49.9<" not in page
    assert "10.0.59.10 – 10.0.255.254" in page


# -- adding, changing ------------------------------------------------------------------------------------


def test_whether_a_pool_is_private_follows_from_its_addresses(owner):
    for network, is_private in (("10.0.0.0/24", True), ("192.0.2.0/24", False), ("0.0.0.0/1", False)):
        AddressPool.objects.all().delete()
        assert owner.client.post(ADD, WISH | {"network": network}).status_code == 302
        assert AddressPool.objects.get().is_private == is_private
    assert (
        owner.client.post(ADD, WISH | {"name": "b", "network": "fd00::/64", "kind": "public"}).status_code
        == 302
    )
    assert not AddressPool.objects.get(name="b").is_private


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("network", "10.0.0.1/24"),
        ("network", "10.0.0.0"),
        ("network", "10.0.0.0/33"),
        ("network", "\0"),
        ("interface", "-a"),
        ("interface", "lo1; reboot"),
        ("hosts", "host:x"),
        ("gateway", "10.1.0.1"),
        ("name", "a\0b"),
    ],
)
def test_bad_input_is_refused_at_its_field_and_nothing_is_lost(owner, field, value):
    answer = owner.client.post(ADD, WISH | {"note": "mine"} | {field: value})
    assert answer.status_code == 422
    assert error_of(answer, f"id_{field}")
    assert 'value="mine"' in text(answer)
    assert not AddressPool.objects.exists()


def test_a_network_that_jails_use_becomes_a_pool_with_one_click(owner, host):
    see(host, "10.7.0.2", "web", prefix=32)
    see(host, "10.7.0.3", "db", prefix=32)
    page = text(owner.client.get(LIST))
    form = re.search(r'action="/network/pools/add/">(.*?)</form>', page, re.DOTALL)
    sent = dict(re.findall(r'name="(\w+)"\s+value="([^"]*)"', form[1]))
    assert owner.client.post(ADD, sent).status_code == 302
    pool = AddressPool.objects.get()
    assert (pool.network, pool.interface, pool.host) == ("10.7.0.0/24", "lo1", host)
    assert "in no pool yet" not in text(owner.client.get(LIST))


def test_a_manager_of_one_host_makes_pools_for_it_alone(outsider, other_host):
    assert outsider.client.post(ADD, WISH | {"hosts": f"host:{other_host.pk}"}).status_code == 302
    assert outsider.client.post(ADD, WISH | {"name": "all", "network": "10.9.0.0/24"}).status_code == 422
    assert [pool.host for pool in AddressPool.objects.all()] == [other_host]


def test_the_seen_ones_are_taken_over_after_a_question(owner, pool):
    asked = f"{url(pool)}take-over/"
    assert "One address" in text(owner.client.get(asked))
    assert owner.client.post(asked).status_code == 302
    assert HeldAddress.objects.get(address="10.0.0.4").jail == "mail"


# -- search ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("10.0.0.4", ["10.0.0.4"]),
        ("10.0.0.4/30", ["10.0.0.4", "10.0.0.5", "10.0.0.6"]),
        ("0.0.3", ["10.0.0.3"]),
        ("printer", ["10.0.0.6"]),
        ("web", ["10.0.0.2"]),
        ("fd00::/64", []),
    ],
)
def test_addresses_are_found_over_all_pools_and_hosts(owner, pool, asked, found):
    page = text(owner.client.get("/network/addresses/", {"q": asked}))
    assert re.findall(r'row-title font-monospace">([^<]*)', page) == found


def test_an_address_that_nobody_has_is_shown_with_its_pool(owner, pool):
    page = text(owner.client.get("/network/addresses/", {"q": "10.0.0.99"}))
    assert f'href="{url(pool)}"' in page
    assert "held by nobody, seen nowhere" in page


def test_a_search_finds_nothing_of_hosts_out_of_sight(viewer, pool):
    page = text(viewer.client.get("/network/addresses/", {"q": "10.0.0."}))
    assert re.findall(r'row-title font-monospace">([^<]*)', page) == ["10.0.0.2", "10.0.0.4", "10.0.0.5"]
