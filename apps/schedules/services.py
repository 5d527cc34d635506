"""Making, changing, switching and removing schedules, each with its clock and its event, at one go."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django_celery_beat.models import CrontabSchedule, PeriodicTask

from apps.accounts.actor import Actor
from apps.accounts.permissions import Perm
from apps.audit.services import record
from apps.freebsd.errors import Conflict, InvalidInput
from apps.hosts.models import Host, HostGroup
from apps.jobs.wakeups import send
from apps.schedules.kinds import ScheduleKind, schedule_kind
from apps.schedules.models import Schedule, Target
from apps.schedules.naming import announce, subject_of, target_words, when_words
from apps.schedules.when import Timing

RUN_TASK = "apps.schedules.tasks.run"
MOST_SCHEDULES = 500


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a schedule should be.

    Args:
        name: What people call it.
        kind: What is done.
        target: What it is about.
        line: When, as a cron line.
        host: The host that it is about, or that its jail is on.
        group: The group of hosts that it is about.
        jail: The safe name of the jail that it is about.
    """

    name: str
    kind: str
    target: Target
    line: str
    host: Host | None = None
    group: HostGroup | None = None
    jail: str = ""


def schedule_add(*, actor: Actor, wanted: Wanted) -> Schedule:
    """Add a schedule, which runs with the rights of the one who adds it.

    Raises:
        NotAllowed: The actor may not schedule this there, or not do it by hand.
        InvalidInput: Something in it cannot be; `field` says what.
        Conflict: There are too many.
    """
    timing = _checked(actor, wanted)
    with transaction.atomic():
        if Schedule.objects.count() >= MOST_SCHEDULES:
            raise Conflict(f"There are {MOST_SCHEDULES} schedules already. Remove one first.")
        schedule = Schedule(**_values(actor, wanted))
        crontab = CrontabSchedule.objects.create(**_fields(timing))
        schedule.task = PeriodicTask.objects.create(
            name=f"schedule {schedule.pk}", task=RUN_TASK, args=f'["{schedule.pk}"]',
            crontab=crontab, start_time=timezone.now(),
        )  # fmt: skip
        _save(schedule, is_new=True)
        record(actor=actor, action="schedule.added", subject=subject_of(schedule), **said(schedule))
        announce(schedule)
    return schedule


def schedule_change(*, actor: Actor, schedule: Schedule, wanted: Wanted) -> None:
    """Change a schedule, which from then on runs with the rights of the one who changed it.

    Raises:
        NotAllowed: The actor may not change it, or may not schedule this there.
        InvalidInput: Something in it cannot be; `field` says what.
        Conflict: It was removed meanwhile.
    """
    actor.require(Perm.SCHEDULE_CHANGE, schedule.host_id)
    timing = _checked(actor, wanted)
    with transaction.atomic():
        row = _locked(schedule)
        before = said(row)
        for name, value in _values(actor, wanted).items():
            setattr(row, name, value)
        CrontabSchedule.objects.filter(pk=row.task.crontab_id).update(**_fields(timing))
        # `save` tells beat; what was due under the old time is not caught up with under the new one.
        row.task.start_time = timezone.now()
        row.task.save()
        _save(row)
        row.task.refresh_from_db()
        after = said(row)
        record(actor=actor, action="schedule.changed", subject=subject_of(row), before=before, after=after)
        announce(row)


def schedule_switch(*, actor: Actor, schedule: Schedule, on: bool) -> None:
    """Switch a schedule on or off; it stays its owner's.

    Raises:
        NotAllowed: The actor may not; switching it on takes the right to what it does as well.
        Conflict: It was removed meanwhile.
    """
    actor.require(Perm.SCHEDULE_CHANGE, schedule.host_id)
    if on:
        _require_action(actor, schedule)
    with transaction.atomic():
        row = _locked(schedule)
        if row.task.enabled == on:
            return
        row.task.enabled = on
        if on:
            row.task.start_time = timezone.now()
        row.task.save()
        action = "schedule.switched_on" if on else "schedule.switched_off"
        record(actor=actor, action=action, subject=subject_of(row))
        announce(row)


def schedule_run_now(*, actor: Actor, schedule: Schedule) -> None:
    """Have a schedule run out of turn, with its owner's rights.

    Raises:
        NotAllowed: The actor may not, or may not do by hand what it does.
        Conflict: The run before is still on, or it was removed meanwhile.
    """
    actor.require(Perm.SCHEDULE_CHANGE, schedule.host_id)
    _require_action(actor, schedule)
    with transaction.atomic():
        row = _locked(schedule)
        if on := row.still_on():
            raise Conflict(f"{on} is still on. Wait for its end.")
        if row.asked_at is None:
            row.asked_at = timezone.now()
            row.save(update_fields=["asked_at"])
            record(actor=actor, action="schedule.run_requested", subject=subject_of(row))
        transaction.on_commit(partial(send, RUN_TASK, str(row.pk)))
        announce(row)


def schedule_remove(*, actor: Actor, schedule: Schedule) -> None:
    """Remove a schedule; what it has asked for goes on.

    Raises:
        NotAllowed: The actor may not.
        Conflict: It was removed meanwhile.
    """
    actor.require(Perm.SCHEDULE_CHANGE, schedule.host_id)
    with transaction.atomic():
        row = _locked(schedule)
        record(actor=actor, action="schedule.removed", subject=subject_of(row), **said(row))
        announce(row)
        row.delete()


def said(schedule: Schedule) -> dict[str, Any]:
    """Return how the record says what a schedule is."""
    kind = schedule_kind(schedule.kind)
    return {
        "name": schedule.name,
        "what": kind.label if kind else schedule.kind,
        "on": target_words(schedule),
        "when": when_words(schedule.line),
        "owner": schedule.owner_name,
    }


def _checked(actor: Actor, wanted: Wanted) -> Timing:
    kind = schedule_kind(wanted.kind)
    if kind is None:
        raise InvalidInput("Choose what is to be done.", field="kind")
    if wanted.target not in kind.targets:
        raise InvalidInput("This cannot be scheduled for that.", field="target")
    host_id = _named_host(wanted).pk if wanted.target in {Target.HOST, Target.JAIL} else None
    if wanted.target == Target.GROUP and wanted.group is None:
        raise InvalidInput("Choose a group of hosts.", field="group")
    if wanted.target == Target.JAIL and not wanted.jail:
        raise InvalidInput("Say which jail.", field="jail")
    _require(actor, kind, host_id)
    return Timing.parse(wanted.line)


def _named_host(wanted: Wanted) -> Host:
    if wanted.host is None:
        raise InvalidInput("Choose a host.", field="host")
    return wanted.host


def _require(actor: Actor, kind: ScheduleKind, host_id: Any) -> None:
    actor.require(Perm.SCHEDULE_CHANGE, host_id)
    actor.require(kind.perm, host_id)


def _require_action(actor: Actor, schedule: Schedule) -> None:
    if kind := schedule_kind(schedule.kind):
        actor.require(kind.perm, schedule.host_id)


def _values(actor: Actor, wanted: Wanted) -> dict[str, Any]:
    """Return the row's columns; whatever the target has no use for stays empty."""
    of_host = wanted.target in {Target.HOST, Target.JAIL}
    return {
        "name": wanted.name,
        "kind": wanted.kind,
        "target": wanted.target,
        "host": wanted.host if of_host else None,
        "group": wanted.group if wanted.target == Target.GROUP else None,
        "jail": wanted.jail if wanted.target == Target.JAIL else "",
        "owner_id": actor.user_id,
        "owner_name": actor.name,
    }


def _fields(timing: Timing) -> dict[str, Any]:
    minute, hour, day, month, weekday = timing.words
    return {
        "minute": minute,
        "hour": hour,
        "day_of_month": day,
        "month_of_year": month,
        "day_of_week": weekday,
        "timezone": settings.TIME_ZONE,
    }


def _save(schedule: Schedule, *, is_new: bool = False) -> None:
    if Schedule.objects.filter(name=schedule.name).exclude(pk=schedule.pk).exists():
        raise InvalidInput("Another schedule has this name.", field="name")
    try:
        with transaction.atomic():
            schedule.save(force_insert=is_new)
    except IntegrityError as error:
        raise InvalidInput("Another schedule has this name.", field="name") from error


def _locked(schedule: Schedule) -> Schedule:
    rows = Schedule.objects.select_for_update(of=("self",))
    related = rows.select_related("task__crontab", "host", "group", "last_job", "last_batch")
    row = related.filter(pk=schedule.pk).first()
    if row is None:
        raise Conflict(f"{schedule.name} was removed meanwhile.")
    return row
