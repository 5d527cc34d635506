"""One change of many jails: who takes part, who is left out and why, and the batch that comes of it.

Plans, permission, rules and sentences are those of a change of one jail (changes.py).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from apps.accounts.actor import Actor
from apps.accounts.permissions import denial
from apps.freebsd.errors import Conflict, InvalidInput
from apps.hosts.models import Host
from apps.jails.changes import START, Change, subject_of, why_not_now
from apps.jails.models import Jail
from apps.jails.queries import jail_list
from apps.jails.services import GONE, Agreed
from apps.jobs.batch_rules import Pace
from apps.jobs.batches import Child, batch_create, batch_find
from apps.jobs.models import OPEN_STATES, Batch, Job, JobState
from apps.jobs.plan import Plan

MOST_JAILS = 1000
TOO_MANY = f"These are more than {MOST_JAILS:,} jails. Narrow the list, and take them in parts."
NOT_THE_SAME = "The state changed since these commands were shown. Look at them again."
SAY_SO = "Say that the others may go without those that are left out."


@dataclass(frozen=True, slots=True)
class Part:
    """A jail that takes part, and what is run for it."""

    jail: Jail
    plan: Plan


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A jail that does not take part, and why."""

    jail: Jail
    reason: str


@dataclass(frozen=True)
class Bulk:
    """One change of many jails, as it would run now.

    Args:
        change: What is done to each.
        parts: The jails that take part, by host and name.
        left_out: Those that cannot, in the same order.
    """

    change: Change
    parts: tuple[Part, ...]
    left_out: tuple[LeftOut, ...]

    @cached_property
    def hash(self) -> str:
        """The SHA-256 (hex) over all plans with their hosts; the order in which they run is not in it."""
        lines = sorted(f"{part.jail.host_id} {part.plan.hash}" for part in self.parts)
        return hashlib.sha256("\n".join([self.change.kind, *lines]).encode()).hexdigest()

    @cached_property
    def title(self) -> str:
        """What it does, in a few words."""
        if len(self.parts) == 1:
            return self.parts[0].plan.title
        return f"{self.change.label} {len(self.parts)} jails"

    @cached_property
    def host_count(self) -> int:
        """On how many hosts something is run."""
        return len({part.jail.host_id for part in self.parts})

    def led_by(self, jail_id: int | None) -> Bulk:
        """Return it with one jail first; one that takes no part changes nothing."""
        first = [part for part in self.parts if part.jail.pk == jail_id]
        rest = [part for part in self.parts if part.jail.pk != jail_id]
        return replace(self, parts=(*first, *rest))


@dataclass(frozen=True, slots=True)
class BulkAgreed:
    """What the person agreed to.

    Args:
        shown: The hash over the plans that were shown, and the key of this one wish.
        pace: How the batch goes through them.
        without: Whether the others may go without those that are left out.
        first: The jail that goes first, if one was chosen.
    """

    shown: Agreed
    pace: Pace
    without: bool = False
    first: int | None = None


def bulk_of(*, actor: Actor, change: Change, jail_ids: Iterable[int]) -> Bulk:
    """Return what a change of these jails would be now. Two or three queries, however many they are.

    Args:
        actor: Who asks; jails that they may not see are not there.
        change: What is done to each.
        jail_ids: The jails.

    Raises:
        InvalidInput: These are more than MOST_JAILS.
    """
    jails = _jails(actor, jail_ids, with_facts=change.needs_facts)
    open_jobs = _open_jobs(jails)
    parts: list[Part] = []
    left_out: list[LeftOut] = []
    for jail in jails:
        found = _part(actor, change, jail, open_jobs.get((jail.host_id, jail.safe_name)))
        if isinstance(found, Part):
            parts.append(found)
        else:
            left_out.append(found)
    return Bulk(change, tuple(parts), tuple(left_out))


def _jails(actor: Actor, jail_ids: Iterable[int], *, with_facts: bool) -> list[Jail]:
    wanted = set(jail_ids)
    if len(wanted) > MOST_JAILS:
        raise InvalidInput(TOO_MANY)
    rows = jail_list(actor).prefetch_related(None).filter(pk__in=wanted)
    if not with_facts:
        return list(rows.order_by("host__name", "name", "pk"))
    jails = list(rows.defer(None).defer("host__facts").order_by("host__name", "name", "pk"))
    hosts = Host.objects.in_bulk({jail.host_id for jail in jails})
    for jail in jails:
        jail.host = hosts[jail.host_id]
    return jails


def _open_jobs(jails: Sequence[Jail]) -> dict[tuple[UUID, str], Job]:
    """Return the oldest open job of each jail that has one."""
    hosts = {jail.host_id for jail in jails}
    rows = Job.objects.filter(host_id__in=hosts, state__in=OPEN_STATES).exclude(subject="")
    newest_first = rows.only("host_id", "subject", "title", "state").order_by("-created_at")
    return {(job.host_id, job.subject): job for job in newest_first}


def _part(actor: Actor, change: Change, jail: Jail, open_job: Job | None) -> Part | LeftOut:
    if why_not := _why_not(actor, change, jail, open_job):
        return LeftOut(jail, why_not)
    try:
        return Part(jail, change.plan(jail))
    except InvalidInput as error:
        return LeftOut(jail, error.message)


def _why_not(actor: Actor, change: Change, jail: Jail, open_job: Job | None) -> str:
    if not actor.may(change.perm, jail.host_id):
        return denial(change.perm)
    if why_not := why_not_now(jail.host, open_job):
        return why_not
    if jail.missing_since and not change.takes_missing:
        return GONE.format(name=jail.name)
    return "It has not been seen on the host yet." if jail.observed_at is None else change.nothing_to_do(jail)


def bulk_request(*, actor: Actor, change: Change, jail_ids: Iterable[int], agreed: BulkAgreed) -> Batch:
    """Ask for a change of many jails.

    Returns:
        The new batch, or the one that this wish made before.

    Raises:
        NotAllowed: The actor may do this to no jail at all.
        InvalidInput: Nothing takes part, or some are left out and nobody said that they may be.
        Conflict: Something else would run than was shown, or a host is gone.
    """
    key = agreed.shown.idempotency_key
    wanted = tuple(jail_ids)
    with transaction.atomic():
        _lock_hosts(_hosts_of(actor, wanted))
        if existing := batch_find(actor=actor, idempotency_key=key):
            return existing
        bulk = bulk_of(actor=actor, change=change, jail_ids=wanted)
        _check(bulk, agreed)
        return batch_create(
            actor=actor,
            kind=change.kind,
            title=bulk.title,
            children=[_child(change, part) for part in bulk.led_by(agreed.first).parts],
            pace=agreed.pace,
            idempotency_key=key,
        )


def _hosts_of(actor: Actor, jail_ids: Sequence[int]) -> QuerySet[Jail, UUID]:
    return jail_list(actor).filter(pk__in=jail_ids).order_by().values_list("host_id", flat=True).distinct()


def _lock_hosts(host_ids: QuerySet[Jail, UUID]) -> None:
    """Let people who ask for something on these hosts go one after the other; all take them in one order."""
    hosts = Host.objects.select_for_update().filter(pk__in=list(host_ids)).order_by("pk")
    list(hosts.values_list("pk"))


def _check(bulk: Bulk, agreed: BulkAgreed) -> None:
    if agreed.shown.plan_hash and agreed.shown.plan_hash != bulk.hash:
        raise Conflict(NOT_THE_SAME)
    if not bulk.parts:
        raise InvalidInput("None of these jails can take part.")
    if bulk.left_out and not agreed.without:
        raise InvalidInput(SAY_SO, field="without")


def _child(change: Change, part: Part) -> Child:
    jail = part.jail
    intent = change.intent(jail)
    return Child(jail.host_id, part.plan, jail.safe_name, intent, change.action, subject_of(jail))


# -- which jails a selection of hosts, or a batch that failed, is about ------------------------------------


def jails_of_hosts(*, actor: Actor, change: Change, host_ids: Iterable[UUID]) -> list[int]:
    """Return the jails of these hosts that a change is for: all, those that run, or those to be started."""
    rows = jail_list(actor).filter(host_id__in=set(host_ids))
    if change.is_for_all:
        return list(rows.order_by().values_list("pk", flat=True)[: MOST_JAILS + 1])
    runs = Q(jid__isnull=False, is_dying=False)
    wanted = rows.exclude(runs).filter(runs_at_boot=True) if change is START else rows.filter(runs)
    return list(wanted.order_by().values_list("pk", flat=True)[: MOST_JAILS + 1])


def jails_of_failed(*, actor: Actor, batch: Batch) -> list[int]:
    """Return the jails whose job in a batch did not succeed, as far as the actor may see them."""
    pairs = batch.jobs.exclude(state__in=(*OPEN_STATES, JobState.SUCCEEDED)).values_list("host_id", "subject")
    wanted = set(pairs)
    hosts = {host_id for host_id, _ in wanted}
    rows = jail_list(actor).filter(host_id__in=hosts, safe_name__in={name for _, name in wanted})
    found = rows.order_by().values_list("pk", "host_id", "safe_name")
    return [pk for pk, host_id, name in found if (host_id, name) in wanted]
