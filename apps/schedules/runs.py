"""A schedule's run: taken once, left out while the one before is on, done with its owner's rights."""

from __future__ import annotations

import logging
import time
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import DatabaseError, InterfaceError, connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from apps.accounts.actor import Actor
from apps.accounts.models import User
from apps.accounts.permissions import REASON, Perm
from apps.accounts.queries import actor_for
from apps.freebsd.errors import Conflict, NotAllowed, PanelError
from apps.hosts.models import Host
from apps.pages.wording import full_time
from apps.schedules.kinds import Outcome, Run, ScheduleKind, schedule_kind
from apps.schedules.models import RunState, Schedule, Target
from apps.schedules.naming import announce, record_outcome

logger = logging.getLogger(__name__)

# A message that comes a little early, from a machine whose clock is ahead, means the moment to come.
CLOCKS_DIFFER = timedelta(seconds=2)
# One that comes later than this was missed: the panel, or its workers, stood still.
LATE = timedelta(minutes=30)
WRITES_TRIED, WRITE_PAUSE_S = 12, 5.0
OUR_FAULT = "The panel itself failed; its log says more."


@dataclass(frozen=True, slots=True)
class Taken:
    """A run that this worker has taken.

    Args:
        schedule: The schedule as it was then.
        key: Names the moment that it was due.
    """

    schedule: Schedule
    key: str


def run_schedule(schedule_id: UUID) -> None:
    """Do what is due of a schedule, if anything is: the message may come twice, early, or for nothing."""
    taken = _take(schedule_id)
    if taken is None:
        return
    try:
        outcome = _done(taken)
    except PanelError as error:
        outcome = Outcome(error.message, is_good=False)
    except Exception:
        logger.exception("The run of the schedule %s failed.", taken.schedule.name)
        outcome = Outcome(OUR_FAULT, is_good=False)
    _written(taken.schedule, outcome)


def due_schedules(now: datetime, grace: timedelta) -> list[Schedule]:
    """Return what should have run by now and was not taken: their messages were lost, or are late."""
    rows = Schedule.objects.filter(task__enabled=True).select_related("task__crontab")
    waiting = Schedule.objects.filter(asked_at__lte=now - grace)
    late = [row for row in rows if row.timing.latest(now - grace, row.counts_from)]
    return [*late, *(row for row in waiting if row not in late)]


@transaction.atomic
def _take(schedule_id: UUID) -> Taken | None:
    """Claim what is due, or say why it is left out."""
    now = timezone.now()
    locked = Schedule.objects.select_for_update(of=("self",)).filter(pk=schedule_id)
    schedule = locked.select_related("task__crontab", "host").first()
    if schedule is None:
        return None
    due = _due(schedule, now)
    if due is None:
        return None
    asked, schedule.asked_at = schedule.asked_at is not None, None
    schedule.last_due_at = max(due, schedule.last_due_at or due)
    if why := _why_left_out(schedule, due, now, asked=asked):
        _left_out(schedule, why)
        return None
    schedule.running_since = schedule.last_started_at = now
    schedule.run_token = uuid.uuid4()
    schedule.save(update_fields=["asked_at", "last_due_at", "running_since", "last_started_at", "run_token"])
    announce(schedule)
    return Taken(schedule, f"{schedule.pk.hex[:20]}-{int(due.timestamp())}")


def _due(schedule: Schedule, now: datetime) -> datetime | None:
    if schedule.asked_at is not None:
        return schedule.asked_at
    if not schedule.is_enabled:
        return None
    return schedule.timing.latest(now + CLOCKS_DIFFER, schedule.counts_from)


def _why_left_out(schedule: Schedule, due: datetime, now: datetime, *, asked: bool) -> str:
    if on := schedule.still_on():
        return f"Left out at {full_time(due)}: {on[0].lower() + on[1:]} was still on."
    kind = schedule_kind(schedule.kind)
    if kind and not kind.is_made_up_for and not asked and now - due > LATE:
        return f"Missed at {full_time(due)}: the panel stood still, and this is not made up for."
    return ""


def _left_out(schedule: Schedule, why: str) -> None:
    was = schedule.last_state
    schedule.last_state, schedule.last_message = RunState.SKIPPED, why
    schedule.skips += 1
    schedule.save(update_fields=["asked_at", "last_due_at", "last_state", "last_message", "skips"])
    record_outcome(schedule, was)
    announce(schedule)


def _done(taken: Taken) -> Outcome:
    """Do the work, with the rights that the owner holds now."""
    schedule = taken.schedule
    kind = schedule_kind(schedule.kind)
    if kind is None:
        raise Conflict("The panel does not know any more how to do this.")
    actor = owner_of(schedule)
    check_owner(actor, kind, schedule)
    return kind.run(Run(schedule, actor, hosts_of(schedule), taken.key))


def owner_of(schedule: Schedule) -> Actor:
    """Return the owner with the rights that they hold now.

    Raises:
        NotAllowed: The account is gone or closed.
    """
    owner = User.objects.filter(pk=schedule.owner_id or 0, is_active=True).first()
    if owner is None:
        raise NotAllowed(
            f"The account of its owner, {schedule.owner_name}, is gone or closed. "
            "Someone who may do this can save the schedule anew; it is theirs then."
        )
    return actor_for(owner, address=f"schedule {schedule.name}"[:64], request_id=schedule.pk.hex)


def check_owner(actor: Actor, kind: ScheduleKind, schedule: Schedule) -> None:
    """Refuse a run whose owner has lost a right that it needs.

    Raises:
        NotAllowed: Saying who lacks which right.
    """
    for perm in (kind.perm, Perm.SCHEDULE_CHANGE):
        if not actor.may(perm, schedule.host_id):
            raise NotAllowed(
                f"Its owner, {actor.name}, may not {REASON[perm]} any more. "
                "Someone who may can save the schedule anew; it is theirs then."
            )


def hosts_of(schedule: Schedule) -> QuerySet[Host]:
    """Return the hosts that a schedule is about now.

    Raises:
        Conflict: Its group is gone.
    """
    hosts = Host.objects.order_by("name")
    match schedule.target:
        case Target.ALL:
            return hosts
        case Target.PANEL:
            return hosts.none()
        case Target.GROUP if schedule.group_id is None:
            raise Conflict("Its group of hosts is gone. Choose another one.")
        case Target.GROUP:
            return hosts.filter(group_id=schedule.group_id)
        case _:
            return hosts.filter(schedules=schedule)


def _written(schedule: Schedule, outcome: Outcome) -> None:
    """Write what a run came to, through a database that is away for a while."""
    for attempt in range(WRITES_TRIED):
        try:
            _write(schedule, outcome)
        except (DatabaseError, InterfaceError):
            logger.warning("What %s came to could not be written (try %s).", schedule.name, attempt + 1)
            connection.close()
            time.sleep(WRITE_PAUSE_S)
        else:
            return


@transaction.atomic
def _write(schedule: Schedule, outcome: Outcome) -> None:
    was = Schedule.objects.filter(pk=schedule.pk).values_list("last_state", flat=True).first()
    mine = Schedule.objects.filter(pk=schedule.pk, run_token=schedule.run_token)
    state = RunState.RAN if outcome.is_good else RunState.FAILED
    written = mine.update(
        running_since=None,
        run_token=None,
        last_ended_at=timezone.now(),
        last_state=state,
        last_message=outcome.message,
        last_job=outcome.job,
        last_batch=outcome.batch,
        skips=0,
    )
    if written:
        schedule.last_state, schedule.last_message = state, outcome.message
        record_outcome(schedule, was or "", outcome.job)
        announce(schedule)
