"""Making, changing, switching and removing schedules: rights, clock and record in step."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from django_celery_beat.models import CrontabSchedule, PeriodicTask, PeriodicTasks

from apps.accounts.permissions import Role
from apps.audit.models import AuditEvent
from apps.freebsd.errors import Conflict, InvalidInput, NotAllowed
from apps.hosts.models import HostGroup
from apps.hosts.services import host_remove
from apps.schedules import services
from apps.schedules.models import Schedule, Target
from apps.schedules.services import (
    RUN_TASK,
    Wanted,
    schedule_add,
    schedule_change,
    schedule_remove,
    schedule_run_now,
    schedule_switch,
)
from tests.conftest import make_person
from tests.schedules.conftest import make_schedule

pytestmark = pytest.mark.usefixtures("sent")
PROBE = Wanted(name="nightly", kind="hosts.probe", target=Target.ALL, line="0 3 * * *")


def wanted_of(schedule: Schedule, **values: Any) -> Wanted:
    """What a schedule is, with some of it changed."""
    is_now = {
        "name": schedule.name,
        "kind": schedule.kind,
        "target": Target(schedule.target),
        "line": schedule.line,
        "host": schedule.host,
        "group": schedule.group,
        "jail": schedule.jail,
    }
    return Wanted(**(is_now | values))


def nothing_is_kept() -> bool:
    return not any(model.objects.exists() for model in (Schedule, PeriodicTask, CrontabSchedule))


def last_event() -> AuditEvent:
    return AuditEvent.objects.order_by("-sequence").first()


def test_a_new_schedule_has_a_clock_of_its_own_and_is_recorded(owner):
    schedule = schedule_add(actor=owner.actor, wanted=PROBE)
    task = PeriodicTask.objects.get()
    assert (task.task, json.loads(task.args), task.enabled) == (RUN_TASK, [str(schedule.pk)], True)
    assert str(task.crontab).startswith("0 3 * * *")
    event = last_event()
    assert (event.action, event.actor_name, event.object_id) == ("schedule.added", "owner", str(schedule.pk))
    assert event.detail == {
        "name": "nightly", "what": "Probe", "on": "all hosts", "when": "every day at 03:00 (UTC)",
        "owner": "owner",
    }  # fmt: skip


def test_a_change_is_kept_in_step_and_recorded_with_before_and_after(owner, host):
    schedule = make_schedule(owner, line="*/15 * * * *")
    seen = PeriodicTasks.last_change()
    wanted = wanted_of(schedule, name="hourly", line="5 * * * *", target=Target.HOST, host=host)
    schedule_change(actor=owner.actor, schedule=schedule, wanted=wanted)
    row = Schedule.objects.select_related("task__crontab").get()
    assert (row.name, row.line, row.host) == ("hourly", "5 * * * *", host)
    assert PeriodicTasks.last_change() > seen
    event = last_event()
    before, after = event.detail["before"], event.detail["after"]
    assert (before["on"], after["on"]) == ("all hosts", "alpha")
    assert (before["when"], after["when"]) == ("every 15 minutes", "every hour, 5 min past (UTC)")


def test_whoever_changes_a_schedule_lends_it_their_rights(owner, host):
    manager = make_person("manager", (Role.MANAGER, host))
    schedule = make_schedule(owner, target=Target.HOST, host=host)
    schedule_change(actor=manager.actor, schedule=schedule, wanted=wanted_of(schedule))
    assert Schedule.objects.get().owner == manager.user
    schedule_switch(actor=owner.actor, schedule=schedule, on=False)
    assert Schedule.objects.get().owner == manager.user


def test_removing_takes_the_clock_along_and_nothing_else(owner):
    first, second = make_schedule(owner), make_schedule(owner, "other")
    schedule_remove(actor=owner.actor, schedule=first)
    assert list(Schedule.objects.all()) == [second]
    assert (PeriodicTask.objects.count(), CrontabSchedule.objects.count()) == (1, 1)
    assert last_event().action == "schedule.removed"


def test_a_host_that_is_removed_takes_its_schedules_and_their_clocks_along(owner, host):
    make_schedule(owner, target=Target.HOST, host=host)
    seen = PeriodicTasks.last_change()
    host_remove(actor=owner.actor, host=host)
    assert nothing_is_kept()
    assert PeriodicTasks.last_change() > seen


def test_switching_off_and_on_again_does_not_catch_up(owner):
    schedule = make_schedule(owner, line="* * * * *")
    schedule_switch(actor=owner.actor, schedule=schedule, on=False)
    assert Schedule.objects.get().next_due() is None
    schedule_switch(actor=owner.actor, schedule=schedule, on=True)
    row = Schedule.objects.get()
    assert timezone.now() - row.counts_from < timedelta(minutes=1)
    assert AuditEvent.objects.filter(action__startswith="schedule.switched").count() == 2


def test_switching_to_what_it_is_changes_nothing(owner):
    schedule = make_schedule(owner)
    before = last_event()
    schedule_switch(actor=owner.actor, schedule=schedule, on=True)
    assert last_event() == before


def test_what_fails_leaves_nothing_half_made(owner, monkeypatch):
    def fail(**_: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr(services, "record", fail)
    with pytest.raises(RuntimeError):
        schedule_add(actor=owner.actor, wanted=PROBE)
    assert nothing_is_kept()


def test_a_name_that_is_taken_is_refused_at_its_field(owner):
    make_schedule(owner)
    other = make_schedule(owner, "other", line="*/15 * * * *")
    with pytest.raises(InvalidInput) as refused:
        schedule_add(actor=owner.actor, wanted=PROBE)
    assert refused.value.field == "name"
    wanted = wanted_of(other, name="nightly", line="1 1 * * *")
    with pytest.raises(InvalidInput) as refused:
        schedule_change(actor=owner.actor, schedule=other, wanted=wanted)
    assert refused.value.field == "name"
    assert sorted(Schedule.objects.values_list("name", flat=True)) == ["nightly", "other"]
    assert Schedule.objects.get(name="other").line == "*/15 * * * *"


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"kind": "rm.everything"}, "kind"),
        ({"target": Target.JAIL}, "target"),
        ({"target": Target.PANEL}, "target"),
        ({"kind": "audit.verify"}, "target"),
        ({"target": Target.HOST}, "host"),
        ({"target": Target.GROUP}, "group"),
        ({"kind": "jails.stop", "target": Target.JAIL}, "host"),
        ({"line": "never"}, "line"),
        ({"line": "0 3 31 2 *"}, "line"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(owner, values, field):
    whole = {"name": "x", "kind": "hosts.probe", "target": Target.ALL, "line": "0 3 * * *"}
    with pytest.raises(InvalidInput) as refused:
        schedule_add(actor=owner.actor, wanted=Wanted(**(whole | values)))
    assert refused.value.field == field
    assert not PeriodicTask.objects.exists()


def test_a_jail_has_to_be_named(owner, host):
    wanted = Wanted(name="x", kind="jails.stop", target=Target.JAIL, line="0 3 * * *", host=host)
    with pytest.raises(InvalidInput) as refused:
        schedule_add(actor=owner.actor, wanted=wanted)
    assert refused.value.field == "jail"


def test_what_the_target_has_no_use_for_is_not_kept(owner, host):
    group = HostGroup.objects.create(name="live")
    schedule = make_schedule(owner, target=Target.ALL, host=host, group=group, jail="web")
    assert (schedule.host, schedule.group, schedule.jail) == (None, None, "")


def test_the_database_refuses_a_target_that_is_not_whole(owner, host):
    schedule = make_schedule(owner)
    for values in ({"host": host}, {"target": "host"}, {"jail": "web"}, {"target": "moon"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Schedule.objects.filter(pk=schedule.pk).update(**values)


def test_there_is_a_limit(owner, monkeypatch):
    monkeypatch.setattr(services, "MOST_SCHEDULES", 1)
    make_schedule(owner)
    with pytest.raises(Conflict, match="Remove one"):
        make_schedule(owner, "other")


def test_one_that_was_removed_meanwhile_is_said_to_be_gone(owner):
    schedule = make_schedule(owner)
    schedule_remove(actor=owner.actor, schedule=schedule)
    for act in (
        lambda: schedule_change(actor=owner.actor, schedule=schedule, wanted=PROBE),
        lambda: schedule_switch(actor=owner.actor, schedule=schedule, on=False),
        lambda: schedule_run_now(actor=owner.actor, schedule=schedule),
        lambda: schedule_remove(actor=owner.actor, schedule=schedule),
    ):
        schedule.pk = schedule.pk or "00000000-0000-0000-0000-000000000000"
        with pytest.raises(Conflict, match="removed meanwhile"):
            act()


# -- rights -----------------------------------------------------------------------------------------------


@pytest.fixture
def manager(host):
    """May change schedules and do everything to jails on one host; may not read the record."""
    return make_person("manager", (Role.MANAGER, host))


def test_a_schedule_takes_the_right_to_schedule_and_the_right_to_the_work(
    manager, host, operator, other_host
):
    here = {"target": Target.HOST, "host": host}
    make_schedule(manager, **here)
    for person, values in (
        (operator, here),
        (manager, {"target": Target.ALL}),
        (manager, {"target": Target.HOST, "host": other_host}),
        (manager, {"target": Target.GROUP, "group": HostGroup.objects.create(name="live")}),
        (make_person("boss", (Role.MANAGER, None)), {"kind": "audit.verify", "target": Target.PANEL}),
    ):
        with pytest.raises(NotAllowed):
            make_schedule(person, "refused", **values)
    assert Schedule.objects.count() == 1


def test_nobody_borrows_rights_by_editing_running_or_switching(owner, manager, host, other_host):
    foreign = make_schedule(owner, "foreign", target=Target.HOST, host=other_host)
    everywhere = make_schedule(owner, "everywhere")
    mine = make_schedule(manager, "mine", target=Target.HOST, host=host)
    for act in (
        lambda: schedule_change(
            actor=manager.actor, schedule=mine, wanted=wanted_of(mine, target=Target.ALL)
        ),
        lambda: schedule_change(
            actor=manager.actor, schedule=everywhere, wanted=wanted_of(mine, name="everywhere")
        ),
        lambda: schedule_change(actor=manager.actor, schedule=mine, wanted=wanted_of(mine, host=other_host)),
        lambda: schedule_run_now(actor=manager.actor, schedule=foreign),
        lambda: schedule_run_now(actor=manager.actor, schedule=everywhere),
        lambda: schedule_switch(actor=manager.actor, schedule=foreign, on=False),
        lambda: schedule_remove(actor=manager.actor, schedule=everywhere),
    ):
        with pytest.raises(NotAllowed):
            act()
    assert Schedule.objects.filter(task__enabled=True, asked_at__isnull=True).count() == 3


def test_run_now_takes_the_right_to_the_work_and_is_recorded_once(owner, sent):
    schedule = make_schedule(owner, kind="audit.verify", target=Target.PANEL)
    boss = make_person("boss", (Role.MANAGER, None))
    with pytest.raises(NotAllowed):
        schedule_run_now(actor=boss.actor, schedule=schedule)
    schedule_run_now(actor=owner.actor, schedule=schedule)
    schedule_run_now(actor=owner.actor, schedule=schedule)
    assert AuditEvent.objects.filter(action="schedule.run_requested").count() == 1
