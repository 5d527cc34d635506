"""Reading jails: narrowed to the hosts one may see; what is shown is never more than is known."""

from __future__ import annotations

from ipaddress import ip_address, ip_interface

import pytest
from django.http import Http404

from apps.accounts.permissions import Perm
from apps.freebsd.errors import Conflict, NotAllowed
from apps.hosts.models import Host, HostState
from apps.jails.models import Jail
from apps.jails.queries import (
    host_flavours,
    host_network,
    host_release,
    jail_get,
    jail_list,
    jails_with_jobs,
    shown_state,
)
from apps.jobs.models import Job, JobState
from tests.jobs.conftest import make_job
from tests.places import make_host, make_jail


def test_one_sees_the_jails_of_ones_hosts(host, other_host, owner, viewer, outsider):
    here, there = make_jail(host), make_jail(other_host)
    assert set(jail_list(owner.actor)) == {here, there}
    assert list(jail_list(viewer.actor)) == [here]
    assert list(jail_list(outsider.actor)) == [there]


def test_a_jail_out_of_sight_is_not_there(host, other_host, viewer, outsider):
    make_jail(host)
    for actor, host_id, name in (
        (outsider.actor, host.pk, "test"),
        (viewer.actor, host.pk, "other"),
        (viewer.actor, other_host.pk, "test"),
    ):
        with pytest.raises(Http404):
            jail_get(actor=actor, host_id=host_id, safe_name=name)


def test_a_jail_that_one_sees_may_still_not_be_touched(host, viewer, operator):
    jail = make_jail(host)
    assert jail_get(actor=viewer.actor, host_id=host.pk, safe_name="test") == jail
    assert jail_get(actor=operator.actor, host_id=host.pk, safe_name="test", need=Perm.JAIL_STOP) == jail
    with pytest.raises(NotAllowed):
        jail_get(actor=viewer.actor, host_id=host.pk, safe_name="test", need=Perm.JAIL_STOP)


def test_a_list_of_jails_takes_two_queries(host, owner, django_assert_num_queries):
    for number in range(5):
        make_jail(host, f"jail{number}", addresses=f"lo0|10.0.0.{number + 2}/24")
    actor = owner.actor
    with django_assert_num_queries(2):
        rows = [(jail.host.name, [str(item) for item in jail.addresses.all()]) for jail in jail_list(actor)]
    assert rows[0] == ("alpha", ["lo0|10.0.0.2/24"])


# -- states -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ({"jid": 4}, "running"),
        ({"jid": None}, "stopped"),
        ({"jid": 4, "is_dying": True}, "dying"),
        ({"observed_at": None}, "unknown"),
    ],
)
def test_what_was_seen_is_shown(host, values, shown):
    assert shown_state(make_jail(host, **values)) == shown


@pytest.mark.parametrize("state", set(HostState) - {HostState.ONLINE})
@pytest.mark.parametrize("jid", [None, 4])
def test_a_host_that_is_away_never_shows_a_jail_as_stopped_or_running(db, state, jid):
    assert shown_state(make_jail(make_host("alpha", state=state), jid=jid)) == "unknown"


@pytest.mark.parametrize(
    ("kind", "shown"),
    [
        ("jails.create", "creating"),
        ("jails.start", "starting"),
        ("jails.stop", "stopping"),
        ("jails.restart", "restarting"),
        ("jails.delete", "deleting"),
        ("jails.change", "changing"),
        ("jails.rename", "renaming"),
        ("jails.something_new", "running"),
    ],
)
@pytest.mark.parametrize("state", [JobState.QUEUED, JobState.RUNNING])
def test_what_is_under_way_is_shown(host, owner, kind, state, shown):
    make_jail(host, "web", jid=4)
    job = make_job(host, subject="web")
    Job.objects.update(kind=kind, state=state)
    jail = jails_with_jobs(jail_list(owner.actor)).get()
    assert (jail.open_job_id, shown_state(jail)) == (job.pk, shown)


@pytest.mark.parametrize("state", [JobState.HELD, JobState.AWAITING])
def test_what_waits_for_its_turn_or_an_approval_is_open_but_not_under_way(host, owner, state):
    make_jail(host, "web", jid=4)
    job = make_job(host, subject="web")
    Job.objects.update(kind="jails.stop", state=state)
    jail = jails_with_jobs(jail_list(owner.actor)).get()
    assert (jail.open_job_id, shown_state(jail)) == (job.pk, "running")


def test_what_has_ended_or_is_about_others_is_not(host, other_host, owner):
    jail = make_jail(host, "web", jid=4)
    make_jail(other_host, "web")
    ended, other_jail, elsewhere = make_job(host), make_job(host, subject="db"), make_job(other_host)
    for job, state in (
        (ended, JobState.FAILED),
        (other_jail, JobState.QUEUED),
        (elsewhere, JobState.RUNNING),
    ):
        Job.objects.filter(pk=job.pk).update(kind="jails.stop", state=state)
    row = jails_with_jobs(jail_list(owner.actor)).get(pk=jail.pk)
    assert (row.open_kind, row.open_job_id, shown_state(row)) == (None, None, "running")


# -- what the rules need --------------------------------------------------------------------------------


def test_the_network_of_a_host_is_what_was_seen_and_who_holds_it(host, other_host):
    make_jail(host, "web", addresses="lo0|10.0.0.2/24,re0|192.0.2.10/24")
    make_jail(host, "two.example", addresses="lo0|10.0.0.3/24", observed_at=None)
    make_jail(other_host, "elsewhere", addresses="lo0|10.0.0.9/24")
    network = host_network(host)
    assert list(network.interfaces) == ["re0", "lo0"]
    assert network.interfaces["re0"] == (ip_interface("192.0.2.1/24"),)
    assert network.held == {
        ip_address("10.0.0.2"): "web",
        ip_address("192.0.2.10"): "web",
        ip_address("10.0.0.3"): "two.example",
    }
    assert network.names == {"web": "web", "two_example": "two.example"}


def test_an_address_that_is_none_holds_nothing(host):
    make_jail(host).addresses.update(address="lo1|nonsense")
    assert host_network(host).held == {}


def test_a_host_that_was_never_seen_has_nothing(db):
    host = make_host("alpha", facts={}, release="", seen_at=None)
    network = host_network(host)
    assert (network.interfaces, network.held, network.names) == ({}, {}, {})
    assert host_flavours(host) == []
    with pytest.raises(Conflict, match="has not told its release yet"):
        host_release(host)


@pytest.mark.parametrize("release", ["", "odd", "13.2"])
def test_a_release_that_makes_no_sense_is_none(release):
    with pytest.raises(Conflict):
        host_release(Host(release=release))


def test_flavours_and_release_are_those_that_were_seen(host):
    assert host_flavours(host) == ["example"]
    assert host_release(host).name == "13.2-RELEASE"
    assert Jail.objects.count() == 0
