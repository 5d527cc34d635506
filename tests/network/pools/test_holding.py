"""Holding addresses: each once, for whoever was first; let go when nothing came of it."""

from __future__ import annotations

from functools import partial

import pytest
from django.db import connection

from apps.freebsd.errors import Conflict, InvalidInput
from apps.jobs.models import Job, JobState
from apps.network.models import HeldAddress
from apps.network.pools import holding
from tests.jobs.conftest import make_job
from tests.network.pools.places import keep, make_pool, see
from tests.places import make_host
from tests.threads import at_once


def held() -> dict[str, str]:
    return dict(HeldAddress.objects.values_list("address", "jail"))


@pytest.mark.django_db(transaction=True)
def test_fifty_who_ask_at_once_get_fifty_addresses(sent):
    host, pool = make_host("alpha"), make_pool()
    calls = [partial(holding.hold_next, pool, host, f"jail{number}") for number in range(50)]
    rows = at_once(*calls)
    assert {getattr(row, "address", row) for row in rows} == {f"10.0.0.{last}" for last in range(1, 51)}
    assert HeldAddress.objects.count() == 50
    assert connection.vendor in ("sqlite", "postgresql")


def test_what_lies_in_no_pool_is_held_by_nobody(host):
    make_pool()
    holding.hold(host, "web", ["10.0.0.2", "192.0.2.7"])
    assert held() == {"10.0.0.2": "web"}


def test_the_closest_pool_holds_it(host):
    wide, close = make_pool("10.0.0.0/8", "wide"), make_pool(host=host)
    holding.hold(host, "web", ["10.0.0.2", "10.1.0.2"])
    assert [row.pool for row in HeldAddress.objects.order_by("address")] == [close, wide]


def test_what_another_has_is_refused_at_its_row(host, other_host):
    pool = make_pool()
    keep(pool, "10.0.0.2", other_host, "mail")
    keep(pool, "10.0.0.3", note="printer")
    keep(pool, "10.0.0.4", host, "db")
    for row, said in ((2, "another host"), (3, "printer"), (4, "the jail db")):
        with pytest.raises(InvalidInput, match=said) as caught:
            holding.hold(host, "web", ["10.0.0.9", f"10.0.0.{row}"])
        assert caught.value.field == "address-1"
    assert "10.0.0.9" not in held()


def test_what_a_jail_has_already_is_held_again_without_a_word(host):
    make_pool()
    for _ in range(2):
        holding.hold(host, "web", ["10.0.0.2"])
    assert held() == {"10.0.0.2": "web"}


def test_an_address_can_be_held_once_a_pool(host):
    row = keep(make_pool(), "10.0.0.2", host, "web")
    with pytest.raises(Conflict, match="taken meanwhile"):
        holding.insert(HeldAddress(pool=row.pool, address=row.address, key=row.key, note="again"))


@pytest.fixture
def asked(host):
    """A job that is to make a jail, and holds an address for it."""
    job = make_job(host, subject="web")
    make_pool()
    holding.hold(host, "web", ["10.0.0.2"], job)
    return job


def test_a_job_that_came_to_nothing_lets_go(asked):
    holding.settle(asked.host_id, "web", asked.pk)
    assert held() == {}


def test_a_job_that_made_its_jail_leaves_it_its_address(asked):
    see(asked.host, "10.0.0.2", "web")
    holding.settle(asked.host_id, "web", asked.pk)
    row = HeldAddress.objects.get()
    assert (row.jail, row.job_id) == ("web", None)


def test_addresses_that_a_jail_had_before_are_let_go(asked):
    see(asked.host, "10.0.0.3", "web")
    holding.hold(asked.host, "web", ["10.0.0.3"], asked)
    holding.settle(asked.host_id, "web", asked.pk)
    assert held() == {"10.0.0.3": "web"}


def test_what_another_open_job_holds_stays(asked):
    see(asked.host, "10.0.0.3", "web")
    other = make_job(asked.host, subject="web")
    holding.settle(asked.host_id, "web", other.pk)
    assert held() == {"10.0.0.2": "web"}
    Job.objects.filter(pk=asked.pk).update(state=JobState.FAILED)
    holding.settle(asked.host_id, "web", other.pk)
    assert held() == {}


def test_a_jail_that_is_missing_keeps_what_it_had(asked):
    HeldAddress.objects.update(job_id=None)
    holding.settle(asked.host_id, "web", asked.pk)
    assert held() == {"10.0.0.2": "web"}


def test_what_is_held_goes_with_a_jail(host, other_host):
    shared, own = make_pool(), make_pool("10.0.1.0/24", host=host)
    keep(shared, "10.0.0.2", host, "web")
    keep(own, "10.0.1.2", host, "web")
    see(other_host, "10.0.0.2", "web")
    holding.follow(host.pk, "web", other_host.pk, "web")
    assert set(HeldAddress.objects.values_list("address", "host__name")) == {
        ("10.0.0.2", "omega"),
        ("10.0.1.2", "alpha"),
    }


def test_a_host_goes_with_its_pools_and_what_they_hold(host):
    keep(make_pool(host=host), "10.0.0.2", host, "web")
    host.delete()
    assert not HeldAddress.objects.exists()
