"""What can be scheduled: a registry, so that archives and snapshots only have to be added here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from django.db.models import QuerySet

from apps.accounts.actor import Actor
from apps.accounts.permissions import Perm
from apps.hosts.models import Host
from apps.jobs.models import Batch, Job
from apps.schedules.models import Schedule, Target

HOSTS = (Target.ALL, Target.GROUP, Target.HOST)
JAILS = (*HOSTS, Target.JAIL)


@dataclass(frozen=True, slots=True)
class Run:
    """One time that a schedule runs.

    Args:
        schedule: The schedule.
        actor: Its owner, with the rights that they hold now.
        hosts: The hosts that it is about, by name; none when it is about the panel itself.
        key: Names this run, so that a job is made once however often the run begins.
    """

    schedule: Schedule
    actor: Actor
    hosts: QuerySet[Host]
    key: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run came to.

    Args:
        message: A sentence.
        job: The job that it asked for.
        batch: The batch that it asked for.
        is_good: Whether it did what it was for.
    """

    message: str
    job: Job | None = None
    batch: Batch | None = None
    is_good: bool = True


@dataclass(frozen=True, slots=True)
class ScheduleKind:
    """A kind of thing that can be scheduled.

    Args:
        name: `app.verb`.
        label: What people call it.
        explained: A sentence for the form.
        targets: What it can be about, the likeliest first.
        perm: What its owner must hold on that.
        run: Does it.
        icon: A symbol of static/icons.svg.
        is_made_up_for: Whether one that was missed while the panel stood still is done afterwards.
    """

    name: str
    label: str
    explained: str
    targets: tuple[Target, ...]
    perm: Perm
    run: Callable[[Run], Outcome] = field(repr=False)
    icon: str
    is_made_up_for: bool = True


_kinds: dict[str, ScheduleKind] = {}


def register_kind(kind: ScheduleKind) -> None:
    """Make a kind known."""
    _kinds[kind.name] = kind


def schedule_kinds() -> list[ScheduleKind]:
    """Return all kinds, in the order in which they were registered."""
    return list(_kinds.values())


def schedule_kind(name: str) -> ScheduleKind | None:
    """Return the kind called `name`; None when nothing of that name is known any more."""
    return _kinds.get(name)
