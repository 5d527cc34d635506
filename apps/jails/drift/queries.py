"""Reads of differences, narrowed to what the actor may see."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count, Min, QuerySet
from django.utils import timezone

from apps.accounts.actor import Actor
from apps.accounts.permissions import Perm
from apps.freebsd.jail_variables import jail_variable
from apps.jails.drift.compare import FILE, FSTAB, part_of
from apps.jails.drift.plans import heading
from apps.jails.drift.state import State
from apps.jails.models import Drift, Jail
from apps.jobs.file_diff import DiffLine, compare_texts

LATELY, MOST_LOOKS = timedelta(days=30), 8


def drift_list(actor: Actor) -> QuerySet[Drift]:
    """Return the differences of the jails that the actor may see, with jail and host."""
    hosts = actor.scope(Perm.JAIL_VIEW)
    rows = Drift.objects.select_related("jail__host").defer(
        "jail__config_text", "jail__fstab_text", "jail__wanted",
        "jail__host__facts", "jail__host__host_key", "jail__host__offered_key",
    )  # fmt: skip
    return rows if hosts is None else rows.filter(jail__host_id__in=hosts)


def drift_count(actor: Actor) -> int:
    """Return how many jails that the actor may see are not as they are wanted."""
    return drift_list(actor).order_by().values("jail").distinct().count()


@dataclass(frozen=True, slots=True)
class TakenOver:
    """Jails that were taken over at one look at a host.

    Args:
        host_id: The host.
        host_name: Its name.
        at: When.
        count: How many they were.
        name: The name of one of them.
        safe_name: Its safe name.
    """

    host_id: UUID
    host_name: str
    at: datetime | None
    count: int
    name: str
    safe_name: str


def taken_over(actor: Actor) -> list[TakenOver]:
    """Return what was taken over lately on the hosts that the actor may see, the newest first."""
    hosts = actor.scope(Perm.JAIL_VIEW)
    jails = Jail.objects.filter(adopted_at__gte=timezone.now() - LATELY)
    jails = jails if hosts is None else jails.filter(host_id__in=hosts)
    looks = jails.order_by().values("host_id", "host__name", "adopted_at")
    rows = looks.annotate(count=Count("pk"), name=Min("name"), safe=Min("safe_name")).order_by("-adopted_at")
    return [
        TakenOver(
            row["host_id"], row["host__name"], row["adopted_at"], row["count"], row["name"], row["safe"]
        )
        for row in rows[:MOST_LOOKS]
    ]


ALL_OF_IT = "All of it is settled together, variables as well."


@dataclass(frozen=True, slots=True)
class Shown:
    """A difference as a page shows it.

    Args:
        row: It.
        label: What people call its field.
        meaning: What the variable is for; empty where it is none.
        lines: The difference line by line, where it is one of texts.
        alone: Whether it can be settled without the others.
    """

    row: Drift
    label: str
    meaning: str
    lines: list[DiffLine]
    alone: bool


def shown(jail: Jail) -> list[Shown]:
    """Return the differences of a jail as its page shows them, the greatest first."""
    rows = sorted(
        jail.drifts.all(), key=lambda row: (part_of(row.field) == FILE, row.field == FILE, row.field)
    )
    return [_shown(jail, row, len(rows)) for row in rows]


def _shown(jail: Jail, row: Drift, count: int) -> Shown:
    variable = jail_variable(row.field) if part_of(row.field) == FILE else None
    meaning = variable.meaning if variable else ALL_OF_IT if row.field == FILE else ""
    return Shown(row, heading(row.field), meaning, lines_of(jail, row.field), count > 1)


def lines_of(jail: Jail, field: str) -> list[DiffLine]:
    """Return line by line what differs in a text, from wanted to seen; nothing where it is no text."""
    wanted, seen = State.wanted(jail), State.observed(jail)
    if field == FSTAB:
        return compare_texts(wanted.fstab, seen.fstab)
    return compare_texts(wanted.file, seen.file) if field == FILE else []
