from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from django_celery_beat.models import CrontabSchedule, PeriodicTask

from apps.accounts.models import User
from apps.hosts.models import Host
from apps.schedules.models import Schedule, Target
from apps.schedules.services import RUN_TASK, Wanted, schedule_add
from tests.conftest import Person


def ten_minutes_ago() -> str:
    """A line that was due then and is due again in fifty minutes: not while a test runs."""
    return f"{(timezone.now().minute - 10) % 60} * * * *"


def make_schedule(person: Person, name: str = "nightly", **values: Any) -> Schedule:
    """A schedule that was made an hour ago, and was due once since."""
    defaults = {"kind": "hosts.probe", "target": Target.ALL, "line": ten_minutes_ago()}
    schedule = schedule_add(actor=person.actor, wanted=Wanted(name=name, **(defaults | values)))
    before(schedule, timedelta(hours=1))
    return Schedule.objects.select_related("task__crontab", "host", "group").get(pk=schedule.pk)


def bare_schedule(user: User, host: Host, name: str = "at night", line: str = "0 3 * * *") -> Schedule:
    """A schedule of a host's probe that nobody was asked for, and nothing is recorded of."""
    minute, hour, day, month, weekday = line.split()
    crontab = CrontabSchedule.objects.create(
        minute=minute, hour=hour, day_of_month=day, month_of_year=month, day_of_week=weekday
    )
    task = PeriodicTask.objects.create(name=f"schedule {name}", task=RUN_TASK, crontab=crontab)
    return Schedule.objects.create(
        name=name, kind="hosts.probe", target=Target.HOST, host=host, owner=user,
        owner_name=user.get_username(), task=task,
    )  # fmt: skip


def before(schedule: Schedule, ago: timedelta) -> None:
    """Set back the moment from which a schedule counts."""
    schedule.task.start_time -= ago
    schedule.task.save()


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch):
    """Sets the time that runs and services see."""

    def stand(text: str) -> datetime:
        moment = at(text)
        for name in ("runs", "services", "models"):
            monkeypatch.setattr(f"apps.schedules.{name}.timezone.now", lambda: moment)
        return moment

    return stand
