"""What schedules and their times are called, in the record, on pages and in events."""

from __future__ import annotations

from functools import partial

from django.conf import settings
from django.db import transaction

from apps.accounts.actor import PANEL
from apps.audit.services import Subject, record
from apps.jobs.events import publish
from apps.jobs.models import Job
from apps.schedules.models import Schedule, Target
from apps.schedules.spoken import Every, Time, time_of

WEEKDAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
WORKING_DAYS = (1, 2, 3, 4, 5)


def subject_of(schedule: Schedule) -> Subject:
    """Return how the record names a schedule."""
    return Subject("schedule", str(schedule.pk), schedule.name, schedule.host_id)


def announce(schedule: Schedule) -> None:
    """Tell open pages, once the transaction has committed, that the schedule changed."""
    topics = ["schedules", f"host:{schedule.host_id}"] if schedule.host_id else ["schedules"]
    for topic in topics:
        transaction.on_commit(partial(publish, topic, str(schedule.pk)))


def record_outcome(schedule: Schedule, was: str, job: Job | None = None) -> None:
    """Record what a run came to when it is something else than the time before: jobs record themselves."""
    if schedule.last_state != was:
        record(
            actor=PANEL,
            action=f"schedule.{schedule.last_state}",
            subject=subject_of(schedule),
            job_id=job.pk if job else None,
            kind=schedule.kind,
            message=schedule.last_message,
        )


def target_words(schedule: Schedule) -> str:
    """Say what a schedule is about."""
    host = schedule.host.name if schedule.host else ""
    group = schedule.group.name if schedule.group else ""
    return {
        Target.ALL: "all hosts",
        Target.GROUP: f"the group {group}" if group else "a group that is gone",
        Target.HOST: host,
        Target.JAIL: f"{schedule.jail} on {host}",
        Target.PANEL: "the panel",
    }[Target(schedule.target)]


def when_words(line: str) -> str:
    """Say when a cron line is due: every day at 03:00 (Europe/Berlin)."""
    time = time_of(line)
    return _words(time) + ("" if time.every == Every.MINUTES else f" ({settings.TIME_ZONE})")


def _words(time: Time) -> str:
    match time.every:
        case Every.MINUTES:
            return "every minute" if time.count == 1 else f"every {time.count} minutes"
        case Every.HOURS:
            hours = "every hour" if time.count == 1 else f"every {time.count} hours"
            return f"{hours}, {time.minute} min past"
        case Every.DAY:
            return f"every day at {time.clock}"
        case Every.WEEK:
            return f"{_days(time.weekdays)} at {time.clock}"
        case Every.MONTH:
            return f"on day {time.day} of the month at {time.clock}"
        case Every.CRON:
            return f"cron {time.line}"


def _days(weekdays: tuple[int, ...]) -> str:
    if weekdays == WORKING_DAYS:
        return "Monday to Friday"
    # The week begins on Monday.
    names = [f"{WEEKDAYS[day]}s" for day in sorted(weekdays, key=lambda day: day or 7)]
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
