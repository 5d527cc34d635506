"""What a job was for, and whether the look after it shows that it is true."""

from __future__ import annotations

from typing import Any

import pytest

from apps.hosts.models import Host
from apps.jails.models import Basejail, Jail
from apps.jobs.models import Job
from apps.jobs.ports import job_kind, job_kinds
from tests.freebsd.probes import jail_file
from tests.jobs.conftest import make_job
from tests.places import FACTS, make_basejail, make_jail


def wrong(host: Host, kind: str, **intent: Any) -> list[str]:
    """What the kind's check says of a job with this intent about the jail test."""
    job = make_job(host, subject="" if kind == "jails.basejail_install" else "test")
    Job.objects.filter(pk=job.pk).update(kind=kind, intent=intent)
    return job_kind(kind).verify(Job.objects.get(pk=job.pk))


def test_every_kind_that_a_plan_has_is_known():
    assert {kind.name for kind in job_kinds() if kind.name.startswith("jails.")} >= {
        "jails.basejail_install",
        "jails.create",
        "jails.delete",
        "jails.repair",
        "jails.restart",
        "jails.start",
        "jails.stop",
    }


# -- start, stop, restart -----------------------------------------------------------------------------


def test_a_started_jail_runs(host):
    make_jail(host, jid=4)
    assert wrong(host, "jails.start") == []


@pytest.mark.parametrize("values", [{"jid": None}, {"jid": 4, "is_dying": True}], ids=["stopped", "dying"])
def test_a_jail_that_does_not_run_was_not_started(host, values):
    make_jail(host, **values)
    assert wrong(host, "jails.start") == ["jls does not show the jail: it does not run."]


def test_a_jail_that_is_gone_was_not_started(host):
    assert wrong(host, "jails.start") == ["jls does not show the jail: it does not run."]


def test_a_stopped_jail_does_not_run(host):
    make_jail(host, jid=None)
    assert wrong(host, "jails.stop") == []


def test_a_dying_jail_was_stopped(host):
    """jls lists it with -d alone, for as long as the kernel waits for its last connections."""
    make_jail(host, jid=4, is_dying=True)
    assert wrong(host, "jails.stop") == []


def test_a_jail_that_still_runs_was_not_stopped(host):
    make_jail(host, jid=4)
    assert wrong(host, "jails.stop") == ["jls still shows the jail (JID 4)."]


def test_the_same_name_on_another_host_proves_nothing(host, other_host):
    make_jail(other_host, jid=4)
    make_jail(host, jid=None)
    assert wrong(host, "jails.start")
    assert wrong(host, "jails.stop") == []


@pytest.mark.parametrize(
    ("before", "now", "problem"),
    [
        (4, {"jid": 5}, []),
        (None, {"jid": 5}, []),
        (4, {"jid": 4}, ["The jail still has its old JID: it was not restarted."]),
        (4, {"jid": None}, ["jls does not show the jail: it was stopped and does not run again."]),
        (
            4,
            {"jid": 5, "is_dying": True},
            ["jls does not show the jail: it was stopped and does not run again."],
        ),
    ],
)
def test_a_restarted_jail_runs_with_another_jid(host, before, now, problem):
    make_jail(host, **now)
    assert wrong(host, "jails.restart", jid=before) == problem


# -- create -------------------------------------------------------------------------------------------

WHOLE = jail_file("test", "test", "lo0|10.0.0.2/24")
WANTED = {"name": "test", "addresses": "lo0|10.0.0.2/24,re0|192.0.2.10/24"}


def test_a_created_jail_is_there_as_it_was_asked_for(host):
    make_jail(host, addresses=WANTED["addresses"])
    assert wrong(host, "jails.create", **WANTED) == []


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"observed_at": None}, ["ezjail knows no such jail on the host."]),
        ({"problem": "The jail file test was cut short."}, ["The jail file test was cut short."]),
        (
            {"config_text": WHOLE[: WHOLE.index("export jail_test_retention_policy")]},
            ["ezjail's file was cut short: it lacks retention_policy."],
        ),
        ({"root_exists": False}, ["Its root directory /usr/jails/test is not there."]),
        ({"addresses": "lo0|10.0.0.2/24"}, ["ezjail's file holds the addresses lo0|10.0.0.2/24."]),
        (
            {"addresses": "re0|192.0.2.10/24,lo0|10.0.0.2/24"},
            ["ezjail's file holds the addresses re0|192.0.2.10/24,lo0|10.0.0.2/24."],
        ),
    ],
    ids=["never seen", "broken file", "cut short", "no root", "an address less", "another order"],
)
def test_a_jail_that_is_not_as_it_was_asked_for_is_told(host, values, problem):
    make_jail(host, **{"addresses": WANTED["addresses"]} | values)
    assert wrong(host, "jails.create", **WANTED) == problem


def test_a_jail_without_addresses_is_told(host):
    make_jail(host).addresses.all().delete()
    assert wrong(host, "jails.create", **WANTED) == ["ezjail's file holds the addresses (none)."]


def test_a_jail_that_is_not_there_was_not_created(host):
    assert wrong(host, "jails.create", **WANTED) == ["ezjail knows no such jail on the host."]


def test_everything_that_is_wrong_is_told(host):
    make_jail(host, root_exists=False, problem="It is odd.")
    assert len(wrong(host, "jails.create", **WANTED)) == 3


# -- delete -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wipe", [True, False])
def test_a_deleted_jail_is_gone(host, wipe):
    assert wrong(host, "jails.delete", wipe=wipe, root="/usr/jails/test") == []


@pytest.mark.parametrize("wipe", [True, False])
def test_a_jail_that_is_still_there_was_not_deleted(host, wipe):
    make_jail(host)
    assert wrong(host, "jails.delete", wipe=wipe, root="/usr/jails/test") == ["The jail is still there."]


@pytest.mark.parametrize("wipe", [True, False])
def test_files_that_were_to_go_and_stayed_are_told(host, wipe):
    left = FACTS["leftovers"] | {"roots": ["/usr/jails/test", "/usr/jails/other"]}
    Host.objects.update(facts=FACTS | {"leftovers": left})
    stayed = ["Its root directory /usr/jails/test is still there."]
    assert wrong(host, "jails.delete", wipe=wipe, root="/usr/jails/test") == (stayed if wipe else [])


# -- the basejail -------------------------------------------------------------------------------------


@pytest.mark.parametrize("release", ["13.2-RELEASE", "13.2-RELEASE-p3"])
def test_an_installed_basejail_is_whole_and_of_that_release(host, release):
    make_basejail(host)
    Basejail.objects.update(release=release)
    assert wrong(host, "jails.basejail_install", release="13.2-RELEASE") == []


@pytest.mark.parametrize(
    ("release", "words"),
    [("13.1-RELEASE-p9", "13.1-RELEASE-p9"), ("", "of an unknown release"), ("odd", "odd")],
)
def test_a_basejail_of_another_release_is_told(host, release, words):
    make_basejail(host)
    Basejail.objects.update(release=release)
    assert wrong(host, "jails.basejail_install", release="13.2-RELEASE") == [
        f"The basejail says that it is {words}, not 13.2-RELEASE."
    ]


def test_a_basejail_that_lacks_something_is_told_what(host):
    make_basejail(host, complete=False)
    assert wrong(host, "jails.basejail_install", release="13.2-RELEASE") == [
        "The basejail is not complete: bin/sh is missing."
    ]


def test_a_basejail_that_is_not_there_was_not_installed(host, other_host):
    make_basejail(other_host)
    nothing = ["There is no basejail on the host."]
    assert wrong(host, "jails.basejail_install", release="13.2-RELEASE") == nothing
    make_basejail(host)
    Basejail.objects.update(is_present=False)
    assert wrong(host, "jails.basejail_install", release="13.2-RELEASE") == nothing
    assert Jail.objects.count() == 0
