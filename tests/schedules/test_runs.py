"""A schedule's run: once for each moment, left out while the one before is on, with its owner's rights."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from django.db import OperationalError
from django.utils import timezone

from apps.accounts.models import Grant
from apps.accounts.permissions import Role
from apps.audit.models import AuditEvent
from apps.freebsd.errors import Conflict
from apps.hosts.models import Host, HostGroup, HostState
from apps.jails.models import Jail
from apps.jobs.models import Batch, Job, JobState
from apps.schedules import kinds, runs, tasks
from apps.schedules.kinds import Outcome, Run
from apps.schedules.models import RUN_BOUND, Schedule, Target
from apps.schedules.services import schedule_run_now, schedule_switch
from tests.conftest import make_person
from tests.places import make_basejail, make_host, make_jail
from tests.schedules.conftest import make_schedule

pytestmark = pytest.mark.usefixtures("sent")
PROBE = "apps.hosts.tasks.probe"


def run(schedule: Schedule) -> Schedule:
    """Let a wake-up come, and return the schedule as it is then."""
    tasks.run(str(schedule.pk))
    return Schedule.objects.select_related("task__crontab", "host", "last_job", "last_batch").get(
        pk=schedule.pk
    )


@pytest.fixture
def later(monkeypatch):
    """Lets an hour pass."""
    clock, passed = timezone.now, []

    def pass_an_hour() -> None:
        passed.append(timedelta(hours=1))
        monkeypatch.setattr(timezone, "now", lambda: clock() + sum(passed, timedelta()))

    return pass_an_hour


def events(action: str) -> int:
    return AuditEvent.objects.filter(action=action).count()


@dataclass
class Work:
    """A kind of work that does what a test puts into it."""

    does: Callable[[Run], Outcome] = lambda _run: Outcome("Done.")
    done: list[str] = field(default_factory=list)

    def __call__(self, run: Run) -> Outcome:
        self.done.append(run.key)
        return self.does(run)


@pytest.fixture
def work(monkeypatch) -> Work:
    """What a probe does in these tests."""
    it, probe = Work(), kinds.schedule_kind("hosts.probe")
    monkeypatch.setitem(kinds._kinds, "hosts.probe", replace(probe, run=it))
    return it


# -- once ----------------------------------------------------------------------------------------------


def test_a_moment_is_taken_once_however_often_it_is_woken(owner, work):
    schedule = make_schedule(owner)
    for _ in range(3):
        schedule = run(schedule)
    assert len(work.done) == 1
    assert (schedule.last_state, schedule.last_message, schedule.running_since) == ("ran", "Done.", None)


def test_the_next_moment_is_another_run(owner, work, later):
    schedule = make_schedule(owner)
    run(schedule)
    later()
    run(schedule)
    assert len(set(work.done)) == 2


def test_nothing_runs_before_it_is_due_nor_while_it_is_switched_off(owner, work):
    later = make_schedule(owner, line="0 3 29 2 *")
    off = make_schedule(owner, "off")
    schedule_switch(actor=owner.actor, schedule=off, on=False)
    run(later)
    run(off)
    assert work.done == []


def test_a_wake_up_for_a_schedule_that_is_gone_does_nothing(owner, work):
    schedule = make_schedule(owner)
    key = schedule.pk
    schedule.delete()
    tasks.run(str(key))
    assert work.done == []


def test_a_message_from_a_clock_that_is_ahead_means_the_moment_to_come(owner, work, clock):
    schedule = make_schedule(owner, line="0 3 * * *")
    Schedule.objects.update(last_due_at=None)
    schedule.task.start_time = clock("2026-11-24 01:00")
    schedule.task.save()
    clock("2026-11-24 02:59:59")
    run(schedule)
    clock("2026-11-24 03:00:00")
    run(schedule)
    assert len(work.done) == 1


def test_what_was_due_and_not_taken_is_woken_by_the_sweep(owner, work, sent):
    lost, taken, off = (make_schedule(owner, name) for name in ("lost", "taken", "off"))
    run(taken)
    schedule_switch(actor=owner.actor, schedule=off, on=False)
    asked = make_schedule(owner, "asked", line="0 3 29 2 *")
    Schedule.objects.filter(pk=asked.pk).update(asked_at=timezone.now() - timedelta(minutes=1))
    sent.tasks.clear()
    tasks.sweep()
    assert sorted(sent.tasks) == sorted((tasks.RUN_TASK, str(row.pk)) for row in (lost, asked))


# -- left out ------------------------------------------------------------------------------------------


@pytest.fixture
def jail(host):
    make_basejail(host)
    return make_jail(host, "web", jid=4)


def restart_of(owner, jail: Jail) -> Schedule:
    return make_schedule(owner, kind="jails.restart", target=Target.JAIL, host=jail.host, jail=jail.safe_name)


def test_a_run_is_left_out_while_the_job_of_the_one_before_is_open(owner, jail, later):
    schedule = run(restart_of(owner, jail))
    for skips in (1, 2):
        later()
        schedule = run(schedule)
        assert (schedule.last_state, schedule.skips) == ("skipped", skips)
    assert "“Restart the jail web” was still on" in schedule.last_message
    assert Job.objects.count() == 1


def test_the_record_hears_once_of_runs_that_are_left_out_in_a_row(owner, jail, later):
    schedule = run(restart_of(owner, jail))
    for _ in range(3):
        later()
        run(schedule)
    assert events("schedule.skipped") == 1


def test_once_the_job_has_ended_it_runs_again_and_counts_anew(owner, jail, later):
    schedule = run(restart_of(owner, jail))
    later()
    run(schedule)
    Job.objects.update(state=JobState.SUCCEEDED)
    later()
    schedule = run(schedule)
    assert (schedule.last_state, schedule.skips) == ("ran", 0)
    assert Job.objects.count() == 2


def test_a_run_is_left_out_while_the_batch_of_the_one_before_goes_on(owner, jail, later):
    schedule = run(make_schedule(owner, kind="jails.restart", target=Target.HOST, host=jail.host))
    later()
    assert run(schedule).last_state == "skipped"
    assert Batch.objects.count() == 1


def test_a_run_that_was_cut_off_does_not_block_for_ever(owner, work, later):
    schedule = make_schedule(owner)
    Schedule.objects.update(running_since=timezone.now() - RUN_BOUND / 2)
    assert "the run before was still on" in run(schedule).last_message
    Schedule.objects.update(running_since=timezone.now() - RUN_BOUND * 2)
    later()
    assert run(schedule).last_state == "ran"


def test_a_run_that_was_given_up_writes_nothing_over_the_next_one(owner, work, later):
    schedule = make_schedule(owner)
    late = runs._take(schedule.pk)
    Schedule.objects.update(running_since=timezone.now() - RUN_BOUND * 2)
    later()
    run(schedule)
    runs._written(late.schedule, Outcome("Too late.", is_good=False))
    schedule.refresh_from_db()
    assert (schedule.last_state, schedule.last_message) == ("ran", "Done.")


def test_a_change_that_was_missed_is_not_made_up_for_but_a_look_is(owner, jail, clock):
    began = clock("2026-11-24 01:00")
    rows = [
        make_schedule(owner, "change", kind="jails.restart", target=Target.ALL, line="0 3 * * *"),
        make_schedule(owner, "look", kind="hosts.probe", line="0 3 * * *"),
    ]
    for row in rows:
        row.task.start_time = began
        row.task.save()
    clock("2026-11-24 09:00")
    change, look = (run(row) for row in rows)
    assert (change.last_state, look.last_state) == ("skipped", "ran")
    assert change.last_message.startswith("Missed at 24 Nov 2026, 03:00:00 UTC")
    assert Job.objects.count() == 0


# -- the owner's rights -----------------------------------------------------------------------------------


def test_it_runs_in_its_owners_name_and_the_record_says_by_which_schedule(owner, jail):
    run(restart_of(owner, jail))
    event = AuditEvent.objects.get(action="jail.restart_requested")
    assert (event.actor_id, event.address) == (owner.user.pk, "schedule nightly")
    assert Job.objects.get().requester == owner.user


def test_rights_that_the_owner_lost_fail_the_run_and_the_schedule_stays(jail, later):
    manager = make_person("manager", (Role.MANAGER, jail.host))
    schedule = restart_of(manager, jail)
    Grant.objects.filter(user=manager.user).update(role=Role.OPERATOR)
    schedule = run(schedule)
    assert schedule.last_state == "failed"
    assert "manager, may not change schedules here any more" in schedule.last_message
    Grant.objects.filter(user=manager.user).delete()
    later()
    assert "may not stop or restart jails here any more" in run(schedule).last_message
    assert Job.objects.count() == 0
    assert events("schedule.failed") == 1


@pytest.mark.parametrize("way", ["gone", "closed"])
def test_an_account_that_is_gone_or_closed_fails_the_run(owner, jail, way):
    schedule = restart_of(owner, jail)
    if way == "gone":
        owner.user.delete()
    else:
        owner.user.is_active = False
        owner.user.save()
    assert "owner, is gone or closed" in run(schedule).last_message
    assert Job.objects.count() == 0


def test_rights_on_one_host_do_not_do_for_all(owner, jail):
    schedule = make_schedule(owner, kind="jails.stop", target=Target.ALL)
    Grant.objects.filter(user=owner.user).update(host=jail.host)
    assert run(schedule).last_state == "failed"


# -- what it comes to -------------------------------------------------------------------------------------


def test_a_refusal_is_the_message_of_the_run(owner, work):
    def refuse(_run):
        raise Conflict("Not now.")

    work.does = refuse
    schedule = run(make_schedule(owner))
    assert (schedule.last_state, schedule.last_message) == ("failed", "Not now.")


def test_a_fault_of_ours_fails_the_run_and_is_in_the_log(owner, work, caplog):
    def fail(_run):
        raise RuntimeError("boom")

    work.does = fail
    schedule = run(make_schedule(owner))
    assert (schedule.last_state, schedule.last_message) == ("failed", runs.OUR_FAULT)
    assert "boom" in caplog.text
    assert schedule.running_since is None


def test_a_kind_that_the_panel_does_not_know_any_more_fails_the_run(owner):
    schedule = make_schedule(owner)
    Schedule.objects.update(kind="tests.gone")
    assert "does not know any more" in run(schedule).last_message


def test_the_record_hears_when_the_outcome_is_another_than_before(owner, work, later):
    schedule = make_schedule(owner)
    for message in ("Good.", "Good.", "Bad.", "Bad.", "Good."):
        work.does = lambda _run, said=message: Outcome(said, is_good=said == "Good.")
        run(schedule)
        later()
    assert (events("schedule.ran"), events("schedule.failed")) == (2, 1)


def test_what_it_came_to_is_written_once_the_database_is_back(owner, work, monkeypatch, caplog):
    caplog.set_level(logging.WARNING)
    schedule, tries, write = make_schedule(owner), [], runs._write

    def away_at_first(*arguments):
        tries.append(arguments)
        if len(tries) < 3:
            raise OperationalError("away")
        write(*arguments)

    monkeypatch.setattr(runs, "_write", away_at_first)
    monkeypatch.setattr(runs, "WRITE_PAUSE_S", 0)
    monkeypatch.setattr(runs.connection, "close", lambda: None)
    assert run(schedule).last_state == "ran"
    assert len(tries) == 3


# -- run now ----------------------------------------------------------------------------------------------


def test_run_now_runs_once_and_leaves_the_time_as_it_was(owner, work):
    schedule = make_schedule(owner, line="0 3 29 2 *")
    following = schedule.next_due()
    schedule_run_now(actor=owner.actor, schedule=schedule)
    schedule_run_now(actor=owner.actor, schedule=schedule)
    run(schedule)
    schedule = run(schedule)
    assert len(work.done) == 1
    assert (schedule.asked_at, schedule.next_due()) == (None, following)


def test_run_now_works_while_it_is_switched_off(owner, work):
    schedule = make_schedule(owner)
    schedule_switch(actor=owner.actor, schedule=schedule, on=False)
    schedule_run_now(actor=owner.actor, schedule=schedule)
    assert run(schedule).last_state == "ran"


def test_run_now_is_refused_while_the_run_before_is_on(owner, jail):
    schedule = run(restart_of(owner, jail))
    with pytest.raises(Conflict, match="still on"):
        schedule_run_now(actor=owner.actor, schedule=schedule)


# -- the kinds --------------------------------------------------------------------------------------------


def test_a_probe_asks_each_host_and_leaves_out_those_whose_key_is_in_doubt(owner, host, sent):
    other = make_host("beta", address="192.0.2.5", state=HostState.UNREACHABLE)
    make_host("gamma", address="192.0.2.6", state=HostState.KEY_CHANGED)
    schedule = make_schedule(owner)
    sent.tasks.clear()
    schedule = run(schedule)
    assert sorted(sent.tasks) == sorted((PROBE, str(row.pk)) for row in (host, other))
    assert schedule.last_message == "2 hosts asked. 1 host left out: the key is not confirmed."


def test_a_group_is_who_is_in_it_at_that_moment(owner, host, sent):
    group = HostGroup.objects.create(name="live")
    schedule = make_schedule(owner, target=Target.GROUP, group=group)
    Host.objects.filter(pk=host.pk).update(group=group)
    make_host("beta", address="192.0.2.5")
    sent.tasks.clear()
    run(schedule)
    assert sent.tasks == [(PROBE, str(host.pk))]


def test_a_group_that_is_gone_is_never_all_hosts(owner, host, sent):
    group = HostGroup.objects.create(name="live")
    schedule = make_schedule(owner, target=Target.GROUP, group=group)
    group.delete()
    sent.tasks.clear()
    assert run(schedule).last_message.startswith("Its group of hosts is gone")
    assert sent.tasks == []


@pytest.mark.parametrize(("kind", "jid", "wanted"), [("start", None, 1), ("stop", 4, 1), ("restart", 4, 1)])
def test_a_jail_gets_one_job_as_by_hand(owner, host, kind, jid, wanted):
    make_basejail(host)
    jail = make_jail(host, "web", jid=jid)
    schedule = make_schedule(owner, kind=f"jails.{kind}", target=Target.JAIL, host=host, jail="web")
    schedule = run(schedule)
    job = Job.objects.get()
    assert (job.kind, job.subject, schedule.last_job) == (f"jails.{kind}", jail.safe_name, job)


@pytest.mark.parametrize(("kind", "jid"), [("start", 4), ("stop", None), ("restart", None)])
def test_a_jail_that_is_as_it_should_be_gets_no_job(owner, host, kind, jid):
    make_jail(host, "web", jid=jid)
    schedule = make_schedule(owner, kind=f"jails.{kind}", target=Target.JAIL, host=host, jail="web")
    assert run(schedule).last_message.startswith("Nothing to do.")
    assert not Job.objects.exists()


def test_a_jail_that_is_gone_or_away_fails_the_run(owner, jail, later):
    schedule = restart_of(owner, jail)
    Host.objects.update(state=HostState.UNREACHABLE, state_reason="no route")
    assert "unreachable" in run(schedule).last_message
    jail.delete()
    later()
    assert "There is no jail web on its host any more" in run(schedule).last_message


def test_jails_of_many_hosts_become_one_batch(owner, jail):
    make_jail(jail.host, "idle", addresses="lo0|10.0.0.3/24")
    make_jail(make_host("beta", address="192.0.2.5"), "mail", jid=7)
    schedule = run(make_schedule(owner, kind="jails.restart", target=Target.ALL))
    assert schedule.last_batch.jobs.count() == 2
    assert schedule.last_message == "Asked for “Restart 2 jails”."


def test_with_no_jail_to_stop_nothing_is_asked_for(owner, host):
    schedule = run(make_schedule(owner, kind="jails.stop", target=Target.ALL))
    assert schedule.last_message == "Nothing to do: there is no jail to stop."
    assert not Batch.objects.exists()


def test_the_record_is_verified_and_a_break_fails_the_run(owner, monkeypatch, later):
    schedule = run(make_schedule(owner, kind="audit.verify", target=Target.PANEL))
    assert schedule.last_message.startswith("The record is whole: ")
    monkeypatch.setattr("apps.schedules.work.first_break", lambda: "Event 3 was changed.")
    later()
    schedule = run(schedule)
    assert (schedule.last_state, schedule.last_message) == ("failed", "Event 3 was changed.")
