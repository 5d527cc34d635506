"""Beat: what it sends and when, and what it does while the database is away."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, ProgrammingError, connection
from django.utils import timezone
from django_celery_beat.models import PeriodicTask, PeriodicTasks

from apps.schedules import beat
from apps.schedules.beat import PanelScheduler
from apps.schedules.services import schedule_change, schedule_remove, schedule_switch
from jailpanel.celery import app
from tests.schedules.conftest import before, make_schedule, ten_minutes_ago
from tests.schedules.test_services import wanted_of

OWN = set(app.conf.beat_schedule)


class Beat:
    """Beat's scheduler without its loop: what it sent is kept, and its clock can be set on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sent: list[str] = []
        self.arguments: dict[str, Any] = {}
        monkeypatch.setattr(beat, "LOOK_EVERY_S", 0)
        monkeypatch.setattr(PanelScheduler, "apply_async", self._send)
        monkeypatch.setattr(PanelScheduler, "producer", None)
        # Its connection is the test's own, in whose transaction the rows are.
        monkeypatch.setattr(beat, "close_old_connections", lambda: None)
        monkeypatch.setattr(beat.connection, "close", lambda: None)
        self.scheduler = PanelScheduler(app)
        self.scheduler._finalize.cancel()

    def _send(self, entry: Any, **_: Any) -> None:
        self.sent.append(entry.task)
        self.arguments[entry.task] = entry.args

    def tick(self) -> list[str]:
        """Let it send all that is due now."""
        self.sent.clear()
        while self.scheduler.tick() == 0:
            continue
        return list(self.sent)

    def later(self, seconds: float) -> None:
        """Let its own entries be due: they ran so long ago."""
        for entry in self.scheduler._own.values():
            entry.last_run_at -= timedelta(seconds=seconds)
        self.scheduler._heap = None


@pytest.fixture
def clockwork(db, monkeypatch) -> Beat:
    return Beat(monkeypatch)


@pytest.fixture
def away(monkeypatch):
    """Takes the database away, and gives it back."""

    def gone(*_: object, **__: object) -> None:
        raise OperationalError("the database system is shutting down")

    def switch(*, back: bool = False) -> None:
        if not back:
            undo.setattr("django.db.backends.utils.CursorWrapper.execute", gone)
            return
        undo.undo()
        # Nothing reached the test's own transaction.
        connection.needs_rollback = False

    with pytest.MonkeyPatch.context() as undo:
        yield switch


def due(schedule) -> None:
    """Let a schedule have a moment that was not sent."""
    PeriodicTask.objects.filter(pk=schedule.task_id).update(last_run_at=timezone.now() - timedelta(hours=1))


def test_the_panels_own_clock_is_not_in_the_database(clockwork):
    clockwork.later(3600)
    assert set(clockwork.tick()) == {
        "apps.jobs.tasks.sweep", "apps.hosts.tasks.probe_due_hosts", "apps.schedules.tasks.sweep",
        "apps.jails.tasks.remove_kept",
    }  # fmt: skip
    assert not PeriodicTask.objects.exists()


def test_a_schedule_that_is_due_sends_one_message_with_its_id(owner, clockwork):
    schedule = make_schedule(owner)
    due(schedule)
    assert clockwork.tick() == ["apps.schedules.tasks.run"]
    assert clockwork.arguments["apps.schedules.tasks.run"] == [str(schedule.pk)]
    assert clockwork.tick() == []


def test_what_is_sent_is_a_task_that_there_is(owner, clockwork):
    app.loader.import_default_modules()
    due(make_schedule(owner))
    clockwork.later(3600)
    assert set(clockwork.tick()) <= set(app.tasks)


def test_a_schedule_that_is_new_changed_or_switched_on_is_not_due_before_its_next_moment(owner, clockwork):
    schedule = make_schedule(owner, line="* * * * *")
    due(schedule)
    schedule_change(actor=owner.actor, schedule=schedule, wanted=wanted_of(schedule, line=ten_minutes_ago()))
    PeriodicTask.objects.update(last_run_at=timezone.now() - timedelta(days=3))
    assert clockwork.tick() == []
    schedule_switch(actor=owner.actor, schedule=schedule, on=False)
    assert clockwork.tick() == []
    schedule_switch(actor=owner.actor, schedule=schedule, on=True)
    assert clockwork.tick() == []


def test_changes_are_noticed_without_a_new_start(owner, clockwork):
    assert clockwork.tick() == []
    first = make_schedule(owner)
    due(first)
    PeriodicTasks.update_changed()
    assert clockwork.tick() == ["apps.schedules.tasks.run"]
    schedule_remove(actor=owner.actor, schedule=first)
    clockwork.tick()
    assert set(clockwork.scheduler.schedule) == OWN


def test_a_change_of_a_schedule_loses_no_turn_of_the_panels_own_clock(owner, clockwork):
    clockwork.tick()
    clockwork.later(4)
    ran = {name: entry.last_run_at for name, entry in clockwork.scheduler._own.items()}
    make_schedule(owner)
    clockwork.tick()
    assert {n: e.last_run_at for n, e in clockwork.scheduler.schedule.items() if n in OWN} == ran


def test_with_the_database_away_the_panels_own_clock_goes_on_and_schedules_as_last_read(
    owner, clockwork, away, caplog
):
    caplog.set_level(logging.WARNING, "apps.schedules.beat")
    schedule = make_schedule(owner)
    clockwork.tick()
    away()
    clockwork.later(3600)
    clockwork.scheduler._made[schedule.task.name].last_run_at -= timedelta(hours=1)
    assert len(clockwork.tick()) == len(OWN) + 1
    clockwork.scheduler.sync()
    assert clockwork.tick() == []
    assert caplog.text.count("The database is away") == 1


def test_when_the_database_is_back_what_was_sent_meanwhile_is_written_and_changes_are_read(
    owner, clockwork, away
):
    schedule = make_schedule(owner)
    assert clockwork.tick() == ["apps.schedules.tasks.run"]
    away()
    clockwork.scheduler._made[schedule.task.name].last_run_at -= timedelta(hours=1)
    clockwork.scheduler._heap = None
    assert clockwork.tick() == ["apps.schedules.tasks.run"]
    clockwork.scheduler.sync()
    away(back=True)
    other = make_schedule(owner, "another")
    due(other)
    assert clockwork.tick() == ["apps.schedules.tasks.run"]
    clockwork.scheduler.sync()
    schedule.task.refresh_from_db()
    assert schedule.task.total_run_count == 2
    assert timezone.now() - schedule.task.last_run_at < timedelta(minutes=1)


def test_beat_begins_without_a_database_and_reads_it_once_it_is_there(owner, away, monkeypatch):
    due(make_schedule(owner))
    away()
    clockwork = Beat(monkeypatch)
    clockwork.later(3600)
    assert len(clockwork.tick()) == len(OWN)
    away(back=True)
    assert clockwork.tick() == ["apps.schedules.tasks.run"]


def test_tables_that_are_not_made_yet_are_a_database_that_is_away(clockwork, monkeypatch):
    def no_table(*_: object) -> None:
        raise ProgrammingError('relation "django_celery_beat_periodictasks" does not exist')

    monkeypatch.setattr(PeriodicTasks, "last_change", no_table)
    assert clockwork.tick() == []


def test_writing_back_touches_nothing_that_someone_changed_meanwhile(owner, clockwork):
    schedule = make_schedule(owner)
    due(schedule)
    clockwork.tick()
    schedule_switch(actor=owner.actor, schedule=schedule, on=False)
    clockwork.scheduler.sync()
    schedule.task.refresh_from_db()
    assert (schedule.task.enabled, schedule.task.last_run_at) == (False, None)


def test_a_time_that_never_comes_stops_nobody_else(owner, clockwork, caplog):
    broken, whole = make_schedule(owner, "broken"), make_schedule(owner, "whole")
    broken.task.crontab.__class__.objects.filter(pk=broken.task.crontab_id).update(
        day_of_month="31", month_of_year="2"
    )
    due(broken)
    due(whole)
    PeriodicTasks.update_changed()
    assert clockwork.tick() == ["apps.schedules.tasks.run"]
    assert clockwork.arguments["apps.schedules.tasks.run"] == [str(whole.pk)]
    assert "broken" not in caplog.text or "has no time" in caplog.text


def test_it_asks_again_soon_enough_to_notice_a_clock_that_was_set(owner, clockwork):
    schedule = make_schedule(owner, line="0 3 29 2 *")
    before(schedule, timedelta(0))
    clockwork.tick()
    state = clockwork.scheduler._made[schedule.task.name].is_due()
    assert (state.is_due, 0 < state.next <= 300) == (False, True)
