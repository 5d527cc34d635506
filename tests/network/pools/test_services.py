"""Pools: what they may be, who may change them, and what stands in the way."""

from __future__ import annotations

from dataclasses import replace

import pytest

from apps.accounts.actor import PANEL
from apps.audit.models import AuditEvent
from apps.freebsd.errors import Conflict, InvalidInput, NotAllowed
from apps.freebsd.values import InterfaceName
from apps.hosts.groups import group_remove
from apps.hosts.models import HostGroup
from apps.network.models import AddressPool, HeldAddress
from apps.network.pools import services
from apps.network.pools.address_services import range_reserve, seen_take_over
from apps.network.pools.numbers import parse_network
from apps.network.pools.services import PoolWish
from tests.network.pools.places import keep, make_pool

WISH = PoolWish("jails", parse_network("10.0.0.0/24"), InterfaceName.parse("lo1"), is_private=True)


@pytest.fixture
def group(host, other_host):
    made = HostGroup.objects.create(name="production")
    host.group = made
    host.save()
    return made


def test_a_pool_is_added_and_recorded(host):
    pool = services.pool_add(actor=PANEL, wish=replace(WISH, host=host, gateway="10.0.0.1"))
    assert (pool.network, pool.first_key[-2:], pool.last_key[-2:]) == ("10.0.0.0/24", "00", "ff")
    detail = AuditEvent.objects.get(action="pool.added").detail["after"]
    assert (detail["network"], detail["hosts"], detail["gateway"]) == ("10.0.0.0/24", "alpha", "10.0.0.1")


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"name": "<b>"}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"gateway": "10.0.1.1"}, "gateway"),
        ({"gateway": "fd00::1"}, "gateway"),
        ({"gateway": "x"}, "gateway"),
    ],
)
def test_what_no_pool_can_be_is_refused_at_its_field(db, changed, field):
    with pytest.raises(InvalidInput) as caught:
        services.pool_add(actor=PANEL, wish=replace(WISH, **changed))
    assert caught.value.field == field
    assert not AddressPool.objects.exists()


def test_pools_of_the_same_hosts_do_not_overlap(host, other_host, group):
    """One of a host, of its group and of all share that host; two of hosts in no common group do not."""
    theirs, everyones = {"group": group}, {}
    mine, others = {"host": host}, {"host": other_host}
    cases = [
        (mine, mine, True),
        (mine, others, False),
        (mine, theirs, True),
        (theirs, mine, True),
        (theirs, others, False),
        (others, everyones, True),
        (everyones, theirs, True),
    ]
    for first, second, is_refused in cases:
        AddressPool.objects.all().delete()
        make_pool("10.0.0.0/16", "wide", **first)
        if is_refused:
            with pytest.raises(InvalidInput, match=r"overlaps the pool wide \(10.0.0.0/16\)"):
                services.pool_add(actor=PANEL, wish=replace(WISH, **second))
        else:
            services.pool_add(actor=PANEL, wish=replace(WISH, **second))


def test_a_group_stays_while_a_pool_is_for_it(group):
    make_pool("10.0.0.0/24", "theirs", group=group)
    with pytest.raises(Conflict, match="Still for the group production: theirs"):
        group_remove(actor=PANEL, group=group)
    assert HostGroup.objects.exists()


def test_a_name_is_there_once(db):
    make_pool("10.9.0.0/24", "jails")
    with pytest.raises(InvalidInput, match="already"):
        services.pool_add(actor=PANEL, wish=WISH)


def test_who_may_not_on_every_host_of_it_may_not_at_all(host, operator, outsider, group):
    pool = make_pool(host=host)
    for person in (operator, outsider):
        with pytest.raises(NotAllowed):
            services.pool_remove(actor=person.actor, pool=pool)
        with pytest.raises(NotAllowed):
            services.pool_add(actor=person.actor, wish=replace(WISH, group=group))
        with pytest.raises(NotAllowed):
            range_reserve(actor=person.actor, pool=pool, first="10.0.0.1", last="", note="")
        with pytest.raises(NotAllowed):
            seen_take_over(actor=person.actor, pool=pool)


def test_a_pool_stays_while_addresses_of_it_are_held(host):
    pool = make_pool(host=host)
    for last in range(2, 7):
        keep(pool, f"10.0.0.{last}", host, f"jail{last}")
    said = r"10.0.0.2 \(jail2\), 10.0.0.3 \(jail3\), 10.0.0.4 \(jail4\) and 2 more"
    with pytest.raises(Conflict, match=said):
        services.pool_remove(actor=PANEL, pool=pool)
    HeldAddress.objects.all().delete()
    services.pool_remove(actor=PANEL, pool=pool)
    assert not AddressPool.objects.exists()


def test_a_pool_is_not_drawn_away_from_under_what_is_held(host, other_host):
    pool = make_pool("10.0.0.0/16", "wide")
    keep(pool, "10.0.1.5", host, "web")
    with pytest.raises(InvalidInput, match=r"10\.0\.1\.5") as caught:
        services.pool_change(actor=PANEL, pool=pool, wish=WISH)
    assert caught.value.field == "network"
    wide = replace(WISH, network=parse_network("10.0.0.0/16"))
    with pytest.raises(InvalidInput, match="hosts that it would not be for") as caught:
        services.pool_change(actor=PANEL, pool=pool, wish=replace(wide, host=other_host))
    assert caught.value.field == "hosts"
    assert services.pool_change(actor=PANEL, pool=pool, wish=replace(wide, host=host)).host == host
