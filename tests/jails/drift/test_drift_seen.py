"""A change made by hand shows within one probe, with when it was first seen; the panel's own never does."""

from __future__ import annotations

from datetime import timedelta

import pytest

from apps.jails.drift.kinds import register_making
from apps.jails.models import Drift, Jail
from apps.jobs.models import JobState
from apps.jobs.ports import tell_ended
from tests.freebsd.probes import ROOTS, out, whole_probe
from tests.jails.conftest import NONE_RUNNING
from tests.jails.drift.conftest import FIRST, SIX, drifts, jail, make_begun_job

FILE_GONE = {"_file_six": None, "jail__files": out("test\ntwo_example\n")}
NORUN = {"_file_six": None, "_file_six.norun": out(SIX)}
FSTAB = "/usr/jails/basejail /usr/jails/six/basejail nullfs ro 0 0\n"

BY_HAND = {
    "a variable of ezjail": (
        {"_file_six": out(SIX.replace('cpuset=""', 'cpuset="0-1"'))},
        {"cpuset": ("", "0-1")},
    ),
    "a variable that ezjail does not know": (
        {"_file_six": out(SIX + 'export jail_six_sysvipc_allow="YES"\n')},
        {"sysvipc_allow": ("", "YES")},
    ),
    "a variable that nobody knows": (
        {"_file_six": out(SIX + "export jail_six_mine=1\n")},
        {"file": (SIX[: SIX.index("export")], SIX[: SIX.index("export")] + "export jail_six_mine=1\n")},
    ),
    "a value that the shell computes": (
        {"_file_six": out(SIX.replace('fib=""', 'fib="$(id -u)"'))},
        {"fib": ("", "computed by the shell")},
    ),
    "quotes": ({"_file_six": out(SIX.replace('"YES"', "YES"))}, {"file": (SIX, SIX.replace('"YES"', "YES"))}),
    "a file that cannot be read any more": ({"_file_six": out(SIX[:200])}, {"file": (SIX, SIX[:200])}),
    "addresses": (
        {"_file_six": out(SIX.replace("10.0.0.7/24", "10.0.0.9/24"))},
        {"ip": ("lo1|10.0.0.7/24,lo1|fd00::7/64", "lo1|10.0.0.9/24,lo1|fd00::7/64")},
    ),
    "fstab": ({"_fstab_six": out(FSTAB)}, {"fstab": ("", FSTAB)}),
    "norun": (NORUN, {"runs_at_boot": ("yes", "no")}),
    "stopped": ({"jails": NONE_RUNNING}, {"running": ("yes", "no")}),
    "its root is gone": (
        {"jail__roots": out(ROOTS.replace("jails/six yes", "jails/six no"))},
        {"root": ("/usr/jails/six", "")},
    ),
    "its file is gone": (FILE_GONE, {"missing": ("/usr/local/etc/ezjail/six", "")}),
}


@pytest.mark.parametrize("what", BY_HAND)
def test_a_change_by_hand_is_seen_at_once_and_keeps_its_time(look, what):
    changed, expected = BY_HAND[what]
    look()
    assert drifts() == {}
    assert look(**changed) is True
    assert drifts() == expected
    look(**changed)
    times = set(Drift.objects.filter(jail__safe_name="six").values_list("first_seen_at", flat=True))
    assert times == {FIRST + timedelta(minutes=1)}


@pytest.mark.parametrize("what", BY_HAND)
def test_what_is_as_wanted_again_is_no_drift(look, what):
    look()
    look(**BY_HAND[what][0])
    assert look() is True
    assert drifts() == {}
    assert jail().missing_since is None


def test_a_drift_that_goes_on_changing_keeps_its_time(look):
    look()
    look(_fstab_six=out(FSTAB))
    look(_fstab_six=out(FSTAB * 2))
    (drift,) = Drift.objects.all()
    assert (drift.observed, drift.first_seen_at) == (FSTAB * 2, FIRST + timedelta(minutes=1))


def test_a_jail_that_was_started_by_hand_drifts_the_other_way(look):
    look(jails=NONE_RUNNING)
    look()
    assert drifts() == {"running": ("no", "yes")}


def test_an_fstab_that_could_not_be_read_says_nothing(look):
    look(_fstab_six=out(FSTAB))
    look(_fstab_six=out("", 1, "not a regular file"))
    assert drifts() == {}
    assert jail().fstab_text == FSTAB


def test_a_root_that_was_missing_all_along_is_no_drift(look):
    missing = {"jail__roots": out(ROOTS.replace("jails/six yes", "jails/six no"))}
    look(**missing)
    look(**missing)
    assert drifts() == {}


# -- jails that come and go ---------------------------------------------------------------------------


def test_jails_that_were_there_before_the_panel_are_adopted_as_they_are(look):
    look()
    assert set(Jail.objects.values_list("adopted_at", flat=True)) == {FIRST}
    assert jail().wanted == {"file": SIX, "fstab": "", "runs_at_boot": True, "running": True, "root": True}
    assert jail("test").fstab_text == whole_probe()["fstab:test"].text


def test_a_jail_made_by_hand_later_is_adopted_when_it_is_seen(look):
    look(**FILE_GONE)
    look()
    assert jail().adopted_at == FIRST + timedelta(minutes=1)
    assert jail("test").adopted_at == FIRST


def test_a_row_from_before_wanted_states_is_wanted_as_it_is(look):
    look()
    Jail.objects.update(wanted=None, adopted_at=None)
    look(**NORUN)
    assert drifts() == {}
    assert jail().wanted["runs_at_boot"] is False
    assert jail().adopted_at is None


def test_a_jail_whose_file_is_gone_is_missing_and_still_holds_what_was_known(look):
    look()
    assert look(**FILE_GONE) is True
    six = jail()
    assert (six.missing_since, six.jid, six.config_text) == (FIRST + timedelta(minutes=1), 3, SIX)
    assert look(**FILE_GONE) is False
    assert jail().missing_since == FIRST + timedelta(minutes=1)


def test_a_missing_jail_that_the_kernel_does_not_run_is_stopped(look):
    look()
    look(**FILE_GONE, jails=NONE_RUNNING)
    assert jail().jid is None


@pytest.mark.parametrize("state", [JobState.RUNNING, JobState.FAILED, JobState.LOST])
def test_a_jail_that_a_job_deleted_is_forgotten(host, look, state):
    look()
    make_begun_job(host, "jails.delete", "six", state)
    assert look(**FILE_GONE) is True
    assert not Jail.objects.filter(safe_name="six").exists()


def test_a_deletion_that_came_to_nothing_long_ago_explains_nothing(host, look):
    look()
    make_begun_job(host, "jails.delete", "six", JobState.FAILED)
    look()
    look(**FILE_GONE)
    assert "missing" in drifts()


def test_a_jail_that_a_job_is_making_is_not_adopted_and_not_wanted_yet(host, look):
    job = make_begun_job(host, "jails.restore", "six")
    look()
    assert (jail().adopted_at, jail().wanted) == (None, None)
    end(job, JobState.SUCCEEDED)
    assert jail().wanted["file"] == SIX
    look(**NORUN)
    assert "runs_at_boot" in drifts()


def test_a_jail_of_a_job_that_ended_unseen_is_not_adopted(host, look):
    register_making("jails.restore")
    make_begun_job(host, "jails.restore", "six", JobState.LOST)
    look()
    assert (jail().adopted_at, jail().wanted["running"]) == (None, True)


# -- the panel's own jobs -----------------------------------------------------------------------------


def end(job, state: str) -> None:
    type(job).objects.filter(pk=job.pk).update(state=state, ended_at=FIRST)
    job.refresh_from_db()
    tell_ended(job)


def test_while_a_job_for_the_jail_runs_no_drift_is_noted(host, look):
    look()
    job = make_begun_job(host, "jails.stop", "six")
    look(jails=NONE_RUNNING)
    assert drifts() == {}
    assert "running" in drifts("test")
    end(job, JobState.SUCCEEDED)
    assert jail().wanted["running"] is False
    look(jails=NONE_RUNNING)
    assert drifts() == {}


def test_what_a_job_that_failed_left_different_is_drift(host, look):
    look()
    job = make_begun_job(host, "jails.restart", "six")
    look(jails=NONE_RUNNING)
    end(job, JobState.FAILED)
    assert drifts() == {"running": ("yes", "no")}


def test_a_job_agrees_to_nothing_that_it_did_not_touch(host, look):
    by_hand = {"_file_six": out(SIX.replace('cpuset=""', 'cpuset="0-1"'))}
    look()
    look(**by_hand)
    job = make_begun_job(host, "jails.stop", "six")
    look(**by_hand, jails=NONE_RUNNING)
    end(job, JobState.SUCCEEDED)
    assert drifts() == {"cpuset": ("", "0-1")}
    assert (jail().wanted["running"], jail().wanted["file"]) == (False, SIX)


@pytest.mark.parametrize("kind", ["jails.stop", "jails.snapshot"])
def test_what_is_changed_by_hand_while_a_job_works_on_something_else_is_drift(host, look, kind):
    look()
    job = make_begun_job(host, kind, "six")
    look(_file_six=out(SIX.replace('fib=""', 'fib="1"')))
    assert drifts() == {}
    end(job, JobState.SUCCEEDED)
    assert drifts() == {"fib": ("", "1")}
    assert Drift.objects.get().first_seen_at == FIRST + timedelta(minutes=1)


def test_a_job_that_writes_the_file_agrees_to_all_of_it(host, look):
    by_hand = SIX.replace('cpuset=""', 'cpuset="0-1"')
    look()
    look(_file_six=out(by_hand))
    job = make_begun_job(host, "jails.change", "six")
    look(_file_six=out(by_hand.replace('fib=""', 'fib="1"')))
    end(job, JobState.SUCCEEDED)
    assert drifts() == {}
    assert 'fib="1"' in jail().wanted["file"]


def test_jobs_of_the_host_itself_agree_to_nothing(host, look):
    look()
    look(**NORUN)
    end(make_begun_job(host, "jails.basejail_install", ""), JobState.SUCCEEDED)
    assert "runs_at_boot" in drifts()


# -- renamed by a job ---------------------------------------------------------------------------------

SEVEN = SIX.replace("six", "seven")
RENAMED = {"_file_six": None, "_file_seven": out(SEVEN), "jail__files": out("seven\ntest\ntwo_example\n")}


@pytest.mark.parametrize("state", [JobState.RUNNING, JobState.SUCCEEDED, JobState.LOST])
def test_the_row_of_a_jail_that_a_job_renamed_follows(host, look, state):
    look()
    was = jail()
    job = make_begun_job(host, "jails.rename", "six", state, new_safe_name="seven")
    look(**RENAMED, jails=NONE_RUNNING)
    now = jail("seven")
    assert (now.pk, now.name, now.root, now.adopted_at) == (was.pk, "seven", "/usr/jails/seven", FIRST)
    assert not Jail.objects.filter(safe_name="six").exists()
    end(job, JobState.SUCCEEDED)
    assert drifts("seven") == {}
    assert jail("seven").wanted["file"] == SEVEN


def test_a_row_that_was_kept_for_the_new_name_gives_way(host, look):
    look()
    pk = jail().pk
    Jail.objects.create(host=host, name="seven", safe_name="seven")
    make_begun_job(host, "jails.rename", "six", new_safe_name="seven")
    look(**RENAMED)
    assert jail("seven").pk == pk


def test_a_jail_renamed_by_hand_is_one_that_is_missing_and_one_that_is_new(look):
    look()
    look(**RENAMED)
    assert "missing" in drifts("six")
    assert jail("seven").adopted_at == FIRST + timedelta(minutes=1)
