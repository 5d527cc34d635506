"""What a probe says of addresses: stored where it changed, in a constant number of queries."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address, ip_interface

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.freebsd.parsers.ezjail_file import ObservedAddress
from apps.freebsd.parsers.ifconfig import Interface
from apps.freebsd.parsers.jails import JailFacts
from apps.freebsd.parsers.jls import RunningJail
from apps.freebsd.values import InterfaceAddress
from apps.jobs.models import Job, JobState
from apps.network.models import HeldAddress, SeenAddress
from apps.network.pools import holding
from apps.network.pools.seen import observe, places
from tests.jails.conftest import facts as facts_of
from tests.jobs.conftest import make_job
from tests.network.pools.places import make_pool


def interface(name: str, *addresses: str) -> Interface:
    return Interface(name, (), 1500, "", (), tuple(ip_interface(text) for text in addresses))


def jail(name: str, *addresses: str | None) -> JailFacts:
    parts = (
        None
        if None in addresses
        else tuple(ObservedAddress(text, InterfaceAddress.parse_observed(text)) for text in addresses if text)
    )
    return JailFacts(
        safe_name=name, name=name, run_at_boot=True, kind=None, root="", root_exists=None, addresses=parts,
        blocking=False, parameters=(), fib="", cpuset="", config_text="", fstab_text=None, problem="",
        running=None, id_jid=None,
    )  # fmt: skip


@pytest.fixture
def facts():
    """A host with two jails in files, one of them on lo1, and one that only the kernel knows."""
    running = RunningJail(7, "other", "/", "other", False, (ip_address("10.0.0.9"),))
    return replace(
        facts_of(),
        interfaces=(
            interface("em0", "192.0.2.1/24", "fe80::1%em0/64"),
            interface("lo1", "10.0.0.1/24", "10.0.0.2/32", "10.0.0.9/24"),
        ),
        jails=(jail("web", "lo1|10.0.0.2/24"), jail("db", "lo1|10.0.0.3/24")),
        running=(running,),
    )


def seen() -> set[tuple[str, str, int | None, str]]:
    return set(SeenAddress.objects.values_list("address", "interface", "prefix", "jail"))


def test_each_address_is_stored_with_its_place_and_whose_it_is(host, facts):
    assert observe(host, facts)
    assert seen() == {
        ("192.0.2.1", "em0", 24, ""),
        ("10.0.0.1", "lo1", 24, ""),
        ("10.0.0.2", "lo1", 32, "web"),
        ("10.0.0.3", "lo1", None, "db"),
        ("10.0.0.9", "lo1", 24, "other"),
    }


def test_the_same_again_writes_nothing(host, facts):
    observe(host, facts)
    with CaptureQueriesContext(connection) as queries:
        assert not observe(host, facts)
    assert [query["sql"].split()[0] for query in queries] == ["SELECT", "SELECT"]


def test_many_addresses_are_stored_with_few_queries(host, facts):
    many = tuple(
        jail(f"jail{number}", f"lo1|10.1.{number // 200}.{number % 200 + 1}/16") for number in range(390)
    )
    counts = []
    for jails in (facts.jails, many):
        SeenAddress.objects.all().delete()
        with CaptureQueriesContext(connection) as queries:
            observe(host, replace(facts, jails=jails))
        counts.append(len(queries))
    # A statement of SQLite takes 999 values at most.
    assert counts[1] - counts[0] <= 3


def test_a_file_that_does_not_tell_keeps_what_was_seen(host, facts):
    observe(host, facts)
    observe(host, replace(facts, jails=(jail("web", None),)))
    assert {row[3] for row in seen()} == {"", "web", "other"}


def test_a_scope_is_no_part_of_an_address(facts):
    scoped = replace(facts, jails=(), interfaces=(interface("em0", "fd00::1%em0/64"),))
    assert {place[1] for place in places(scoped)} >= {"fd00::1"}


@pytest.mark.parametrize(("state", "left"), [(JobState.CANCELLED, 0), (JobState.QUEUED, 1)])
def test_what_a_cancelled_job_held_is_let_go(host, facts, state, left):
    make_pool()
    job = make_job(host, subject="new")
    holding.hold(host, "new", ["10.0.0.77"], job)
    Job.objects.filter(pk=job.pk).update(state=state)
    observe(host, facts)
    assert HeldAddress.objects.count() == left
