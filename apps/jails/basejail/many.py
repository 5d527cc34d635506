"""Patching the basejails of many hosts as one batch: who takes part, and who is left out and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction

from apps.accounts.actor import Actor
from apps.accounts.permissions import Perm, denial
from apps.freebsd.errors import Conflict, InvalidInput
from apps.hosts.models import Host
from apps.hosts.services import host_lock
from apps.jails.basejail.services import subject_of
from apps.jails.basejail.update_plans import KIND, Way
from apps.jails.basejail.update_services import UpdateWish, intent_of, update_plan
from apps.jails.changes import why_not_now
from apps.jobs.batch_rules import Pace
from apps.jobs.batches import Child, batch_create
from apps.jobs.models import OPEN_STATES, Batch, Job
from apps.updates.queries import update_note


@dataclass(frozen=True, slots=True)
class Patched:
    """What became of the wish to patch many.

    Args:
        batch: The batch; None when nobody takes part.
        left_out: Each host that does not, with the reason.
    """

    batch: Batch | None
    left_out: tuple[tuple[Host, str], ...]


def patch_many(*, actor: Actor, hosts: Iterable[Host], at: str, pace: Pace, key: str) -> Patched:
    """Ask for the basejails of hosts to be patched, where a newer patch level may be out.

    Args:
        actor: Who asks.
        hosts: With their basejails.
        at: The moment in the snapshots' names.
        pace: How the batch goes through them.
        key: Names the wish: the same one makes one batch.

    Raises:
        Conflict: One of the hosts is gone.
    """
    children: list[Child] = []
    left_out: list[tuple[Host, str]] = []
    wish = UpdateWish(Way.PATCH, at)
    with transaction.atomic():
        for host in hosts:
            host_lock(host)
            try:
                children.append(_child(actor, host, wish))
            except (Conflict, InvalidInput) as error:
                left_out.append((host, error.message))
        if not children:
            return Patched(None, tuple(left_out))
        batch = batch_create(
            actor=actor, kind=KIND, title=_title(children), children=children, pace=pace, idempotency_key=key
        )
    return Patched(batch, tuple(left_out))


def _child(actor: Actor, host: Host, wish: UpdateWish) -> Child:
    """Return the job for one host.

    Raises:
        Conflict, InvalidInput: Why it does not take part.
    """
    if not actor.may(Perm.BASEJAIL_INSTALL, host.pk):
        raise Conflict(denial(Perm.BASEJAIL_INSTALL))
    jobs = Job.objects.filter(host=host, subject="", kind=KIND, state__in=OPEN_STATES)
    if why_not := why_not_now(host, jobs.first()):
        raise Conflict(why_not)
    plan = update_plan(host, wish)
    note = update_note(host.basejail.release, str(host.facts.get("machine", "")))
    if note and note.is_newest:
        raise Conflict(f"The basejail {host.basejail.release} is the newest that is known.")
    return Child(host.pk, plan, "", intent_of(host, wish), "basejail.update_requested", subject_of(host))


def _title(children: list[Child]) -> str:
    return children[0].plan.title if len(children) == 1 else f"Patch {len(children)} basejails"
