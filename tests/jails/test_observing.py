"""Rows follow what is true on the host: made, changed and forgotten by whole probes alone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.jails.models import Basejail, Jail
from apps.jails.observing import observe
from apps.jobs.models import Job, JobState, StepState
from tests.freebsd.probes import ROOTS, WHOLE_BASEJAIL, jail_file, out, whole_probe
from tests.jails.conftest import NONE_RUNNING, facts
from tests.jobs.conftest import make_job
from tests.places import make_basejail, make_jail


def addresses(name: str) -> list[str]:
    return [str(address) for address in Jail.objects.get(name=name).addresses.all()]


def jails() -> list[tuple[str, int | None]]:
    return list(Jail.objects.order_by("name").values_list("name", "jid"))


CAPTURED = [("six", 3), ("test", 1), ("two.example", 2)]


def test_jails_that_were_made_by_hand_appear(host, seen):
    assert seen() is True
    assert jails() == CAPTURED
    assert addresses("two.example") == ["lo1|10.0.0.3/24", "vtnet0|192.0.2.10/24"]
    assert addresses("six") == ["lo1|10.0.0.7/24", "lo1|fd00::7/64"]
    two = Jail.objects.get(name="two.example")
    assert (two.safe_name, two.root, two.root_exists) == ("two_example", "/usr/jails/two.example", True)
    assert (two.kind, two.runs_at_boot, two.problem, two.is_dying) == ("D", True, "", False)
    assert two.config_text == whole_probe()["file:two_example"].text


def test_everything_is_as_old_as_the_look(host, seen):
    host.seen_at = timezone.now() - timedelta(seconds=5)
    seen()
    assert set(Jail.objects.values_list("observed_at", flat=True)) == {host.seen_at}
    assert Basejail.objects.get().observed_at == host.seen_at


def test_the_same_again_changes_nothing_but_the_time(host, seen):
    seen()
    before = list(Jail.objects.order_by("pk").values_list("pk", "observed_at"))
    host.seen_at = timezone.now() + timedelta(minutes=1)
    assert seen() is False
    after = list(Jail.objects.order_by("pk").values_list("pk", "observed_at"))
    assert [pk for pk, _ in after] == [pk for pk, _ in before]
    assert {at for _, at in after} == {host.seen_at}
    assert Jail.objects.first().addresses.count() in {1, 2}


CHANGES = {
    "stopped": ({"jails": NONE_RUNNING}, "test", "jid", None),
    "another JID": (
        {"jails": out(whole_probe()["jails"].text.replace('"jid":"1"', '"jid":"9"'))},
        "test",
        "jid",
        9,
    ),
    "dying": (
        {"jails": out(whole_probe()["jails"].text.replace('"dying":"false"', '"dying":"true"', 1))},
        "test",
        "is_dying",
        True,
    ),
    "its root is gone": (
        {"jail__roots": out(ROOTS.replace("jails/six yes", "jails/six no"))},
        "six",
        "root_exists",
        False,
    ),
    "norun": (
        {"_file_six": None, "_file_six.norun": whole_probe()["file:six"]},
        "six",
        "runs_at_boot",
        False,
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_is_stored_and_told(host, seen, what):
    changed, name, field, value = CHANGES[what]
    seen()
    assert seen(**changed) is True
    assert getattr(Jail.objects.get(name=name), field) == value
    assert seen(**changed) is False


def test_addresses_that_were_changed_by_hand_are_taken_over_in_order(host, seen):
    seen()
    six = out(jail_file("six", "six", "lo1|10.0.0.8/24,lo1|10.0.0.7/24,10.0.0.9"))
    assert seen(_file_six=six) is True
    assert addresses("six") == ["lo1|10.0.0.8/24", "lo1|10.0.0.7/24", "10.0.0.9"]
    assert seen(_file_six=six) is False


def test_what_is_no_address_is_shown_as_it_stands(host, seen):
    seen(_file_six=out(jail_file("six", "six", "lo1|nonsense,10.0.0.7")))
    assert addresses("six") == ["lo1|nonsense", "10.0.0.7"]


BROKEN = out(jail_file("six", "six", "lo1|10.0.0.7/24")[:200])


def test_a_file_that_cannot_be_read_is_a_jail_with_a_problem(host, seen):
    seen(_file_six=BROKEN)
    six = Jail.objects.get(safe_name="six")
    assert "cut short" in six.problem
    assert (six.name, six.jid, six.root) == ("six", 3, "")


def test_a_file_that_cannot_be_read_any_more_takes_no_name_and_no_address_away(host, seen):
    seen()
    broken = out(whole_probe()["file:two_example"].text[:200])
    assert seen(_file_two_example=broken, jails=NONE_RUNNING) is True
    two = Jail.objects.get(safe_name="two_example")
    assert "cut short" in two.problem
    assert (two.name, two.root, two.jid) == ("two.example", "/usr/jails/two.example", None)
    assert addresses("two.example") == ["lo1|10.0.0.3/24", "vtnet0|192.0.2.10/24"]


def test_a_problem_that_was_mended_is_forgotten(host, seen):
    seen(_file_six=out("nonsense"))
    assert seen() is True
    assert Jail.objects.get(safe_name="six").problem == ""


def test_jails_of_other_hosts_stay(host, other_host, seen):
    make_jail(other_host, "web")
    seen()
    assert Jail.objects.filter(host=other_host).count() == 1


# -- jails that were asked for ------------------------------------------------------------------------


@pytest.fixture
def awaited(host) -> Job:
    """A job that is to make the jail web, which has a row already."""
    make_jail(host, "web", observed_at=None)
    job = make_job(host, subject="web")
    Job.objects.update(kind="jails.create")
    return job


@pytest.mark.parametrize("state", [JobState.QUEUED, JobState.RUNNING])
def test_a_jail_that_a_job_is_to_make_stays(host, seen, awaited, state):
    Job.objects.update(state=state)
    seen()
    web = Jail.objects.get(name="web")
    assert web.observed_at is None
    assert addresses("web") == ["lo0|10.0.0.2/24"]


@pytest.mark.parametrize("state", [JobState.FAILED, JobState.LOST, JobState.CANCELLED, JobState.SUCCEEDED])
def test_a_jail_whose_job_ended_without_it_is_forgotten(host, seen, awaited, state):
    Job.objects.update(state=state)
    assert seen() is True
    assert not Jail.objects.filter(name="web").exists()


@pytest.mark.parametrize("state", [StepState.SUCCEEDED, StepState.FAILED, StepState.LOST])
def test_a_jail_whose_command_has_ended_without_it_is_forgotten_at_once(host, seen, awaited, state):
    """The look after a command comes before the job's end; until the next one its name would be taken."""
    Job.objects.update(state=JobState.RUNNING)
    awaited.steps.update(state=state)
    assert seen() is True
    assert not Jail.objects.filter(name="web").exists()


def test_another_job_keeps_no_jail(host, seen, awaited):
    Job.objects.update(kind="jails.start")
    seen()
    assert not Jail.objects.filter(name="web").exists()


def test_a_jail_that_was_asked_for_and_is_there_now_is_the_same_row(host, seen):
    asked = make_jail(host, "six", addresses="lo1|10.0.0.7/24,lo1|fd00::7/64", observed_at=None, root="")
    asked.flavour = "example"
    asked.save()
    assert seen() is True
    six = Jail.objects.get(safe_name="six")
    assert six.pk == asked.pk
    assert (six.flavour, six.root, six.observed_at) == ("example", "/usr/jails/six", host.seen_at)


# -- the basejail -------------------------------------------------------------------------------------


def test_the_basejail_is_stored(host, seen):
    seen()
    base = Basejail.objects.get(host=host)
    assert (base.is_present, base.is_complete, base.release) == (True, True, "13.2-RELEASE")
    assert (base.has_sources, base.has_ports, base.problems) == (False, False, [])


def test_a_basejail_that_lost_something_says_what(host, seen):
    make_basejail(host)
    broken = out(WHOLE_BASEJAIL.replace("newjail/etc/rc file", "newjail/etc/rc missing"))
    assert seen(basejail=broken) is True
    base = Basejail.objects.get(host=host)
    assert (base.is_present, base.is_complete) == (True, False)
    assert base.problems == ["newjail/etc/rc is missing or is not what ezjail makes"]
    assert seen(basejail=broken) is False


def test_a_basejail_that_is_gone_is_gone(host, seen):
    make_basejail(host)
    lines = [f"{line.split()[0]} missing" for line in WHOLE_BASEJAIL.splitlines()]
    seen(basejail=out("\n".join(lines) + "\n"), basejail__release=out(""))
    base = Basejail.objects.get(host=host)
    assert (base.is_present, base.is_complete, base.release) == (False, False, "")


def test_a_host_with_many_jails_takes_no_more_queries(host, other_host):
    gone = {"_file_six": None, "_file_test": None, "_file_two_example": None}
    needed = []
    for place, count in ((host, 3), (other_host, 60)):
        names = [f"jail{number}" for number in range(count)]
        probe = facts(
            **gone, **{f"_file_{name}": out(jail_file(name, name, "lo1|10.0.0.7/24")) for name in names}
        )
        observe(place, probe)
        with CaptureQueriesContext(connection) as queries:
            assert observe(place, probe) is False
        needed.append(len(queries))
    assert needed[0] == needed[1]
