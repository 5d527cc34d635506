"""Addresses in dispute: who shares a network, and who does not."""

from __future__ import annotations

from apps.accounts.actor import PANEL
from apps.hosts.models import HostGroup
from apps.network.pools.conflicts import conflict_list
from tests.network.pools.places import keep, make_pool, see


def disputed(actor=PANEL) -> list[str]:
    return [one.entry.address for one in conflict_list(actor)]


def test_one_address_on_two_hosts_is_in_dispute(host, other_host):
    for one in (host, other_host):
        see(one, "192.0.2.9", "web", interface="em0")
    assert disputed() == ["192.0.2.9"]
    assert conflict_list(PANEL)[0].why == "2 hosts have it on an interface."


def test_loopback_and_jails_that_do_not_run_are_no_dispute(host, other_host):
    for one in (host, other_host):
        see(one, "10.0.0.2", "web")
    see(host, "192.0.2.9", "web", interface="em0")
    see(other_host, "192.0.2.9", "web", interface="em0", prefix=None)
    assert disputed() == []


def test_a_network_that_is_a_pool_of_one_host_alone_is_its_own_affair(host, other_host):
    make_pool("10.5.0.0/16", host=host, interface="em0")
    for one in (host, other_host):
        see(one, "10.5.0.2", "web", interface="em0")
    assert disputed() == []


def test_what_is_held_for_one_and_seen_at_another_is_in_dispute(host, other_host):
    pool = make_pool("192.0.2.0/24", interface="em0")
    keep(pool, "192.0.2.5", host, "web")
    see(other_host, "192.0.2.5", "web", interface="em0")
    keep(pool, "192.0.2.6", host, "web")
    see(host, "192.0.2.6", "web", interface="em0")
    see(host, "192.0.2.7", "db", interface="em0")
    keep(pool, "192.0.2.7", host, "web")
    assert disputed() == ["192.0.2.5", "192.0.2.7"]


def test_a_pool_that_another_host_does_not_share_says_nothing_of_it(host, other_host):
    group = HostGroup.objects.create(name="production")
    host.group = group
    host.save()
    keep(make_pool("192.0.2.0/24", group=group, interface="em0"), "192.0.2.5", host, "web")
    see(other_host, "192.0.2.5", "web", interface="em0")
    assert disputed() == []


def test_a_dispute_of_others_is_not_shown(host, other_host, viewer, operator):
    see(other_host, "192.0.2.9", "a", interface="em0")
    see(other_host, "192.0.2.9", "b", interface="em0")
    assert disputed(viewer.actor) == []
    see(host, "192.0.2.9", "c", interface="em0")
    (found,) = conflict_list(viewer.actor)
    assert [one.words for one in found.entry.places] == ["c on alpha", "another host", "another host"]
