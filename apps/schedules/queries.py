"""Reads of schedules, narrowed to what the actor may see."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404

from apps.accounts.actor import Actor
from apps.accounts.permissions import Perm, denial
from apps.schedules.kinds import ScheduleKind, schedule_kind, schedule_kinds
from apps.schedules.models import Schedule


def schedule_list(actor: Actor) -> QuerySet[Schedule]:
    """Return the schedules of the hosts that the actor may see; of all hosts only to who may see all."""
    hosts = actor.scope(Perm.HOST_VIEW)
    rows = Schedule.objects.select_related("task__crontab", "host", "group", "last_job", "last_batch").defer(
        "host__facts", "host__host_key", "host__offered_key", "last_job__plan", "last_job__intent"
    )
    return rows if hosts is None else rows.filter(host_id__in=hosts)


def schedule_get(*, actor: Actor, schedule_id: UUID, need: Perm | None = None) -> Schedule:
    """Return one schedule.

    Raises:
        Http404: There is none that the actor may see.
        NotAllowed: The actor may see it, but not do what is needed.
    """
    schedule = schedule_list(actor).filter(pk=schedule_id).first()
    if schedule is None:
        raise Http404
    if need:
        actor.require(need, schedule.host_id)
    return schedule


def may_schedule(actor: Actor) -> list[ScheduleKind]:
    """Return the kinds that the actor may schedule somewhere."""
    if not actor.may_anywhere(Perm.SCHEDULE_CHANGE):
        return []
    return [kind for kind in schedule_kinds() if actor.may_anywhere(kind.perm)]


def why_not_change(actor: Actor, schedule: Schedule) -> str:
    """Return why the actor may not change or remove a schedule; nothing when they may."""
    may = actor.may(Perm.SCHEDULE_CHANGE, schedule.host_id)
    return "" if may else denial(Perm.SCHEDULE_CHANGE)


def why_not_run(actor: Actor, schedule: Schedule) -> str:
    """Return why the actor may not have a schedule run; nothing when they may."""
    kind = schedule_kind(schedule.kind)
    if kind and not actor.may(kind.perm, schedule.host_id):
        return denial(kind.perm)
    return why_not_change(actor, schedule)
