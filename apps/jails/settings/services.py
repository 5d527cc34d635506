"""Asking for a change of a jail that is there: permission, rules, plan, record, job, in one transaction."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from apps.accounts.actor import Actor
from apps.accounts.permissions import Perm
from apps.freebsd.errors import Conflict
from apps.freebsd.values import JailName
from apps.hosts.services import host_lock
from apps.jails.changes import subject_of
from apps.jails.models import Jail
from apps.jails.services import Agreed, queue_plan
from apps.jails.settings import policy
from apps.jails.settings.half_renamed import rows_of
from apps.jails.settings.renaming import prepare_rename
from apps.jails.settings.wishes import Wish, prepare
from apps.jobs.models import Job
from apps.jobs.plan import Plan
from apps.jobs.services import job_find


def jail_change_request(*, actor: Actor, jail: Jail, wish: Wish, agreed: Agreed) -> Job:
    """Ask for a jail's settings, its file or its fstab to be changed.

    Raises:
        NotAllowed: The actor may not change jails here, or not restart them.
        InvalidInput: A rule is broken, or a right is lacking for a part of it; `field` says where.
        Conflict: The host is away, a job for the jail is open, the file cannot be changed with certainty, or
            it is another by now than was shown.
    """
    actor.require(Perm.JAIL_CHANGE, jail.host_id)
    if wish.restart:
        actor.require(Perm.JAIL_STOP, jail.host_id)
        actor.require(Perm.JAIL_START, jail.host_id)
    with transaction.atomic():
        host_lock(jail.host)
        row = _as_it_is_now(jail)
        prepared = prepare(row, wish)
        policy.check(actor, row.host_id, prepared.needs)
        plan, intent = prepared.plan, prepared.intent
        return _queue(actor, row, plan, action="jail.change_requested", intent=intent, agreed=agreed)


def jail_rename_request(*, actor: Actor, jail: Jail, new: JailName, agreed: Agreed) -> Job:
    """Ask for a jail to get another name.

    Raises:
        NotAllowed: The actor may not.
        InvalidInput: The name is taken or no name for it; `field` is name.
        Conflict: It runs, its place is taken, or as for `jail_change_request`.
    """
    actor.require(Perm.JAIL_CHANGE, jail.host_id)
    with transaction.atomic():
        host_lock(jail.host)
        row = _as_it_is_now(jail)
        plan, intent = prepare_rename(row, new)
        return _queue(actor, row, plan, action="jail.rename_requested", intent=intent, agreed=agreed)


def jail_rename_rest_request(*, actor: Actor, job: Job, plan: Plan, agreed: Agreed) -> Job:
    """Ask for the rest of a rename that ezjail has begun.

    Raises:
        NotAllowed: The actor may not.
        Conflict: The host is away, a job for the jail is open, or the plan is another than was shown.
    """
    actor.require(Perm.JAIL_CHANGE, job.host_id)
    with transaction.atomic():
        host_lock(job.host)
        row = next((row for row in reversed(rows_of(job)) if row is not None), None)
        if row is None:
            raise Conflict(f"The jail {job.intent['name']} is not there any more.")
        return queue_plan(
            actor,
            job.host,
            plan,
            subject=subject_of(row),
            action="jail.rename_requested",
            safe_name=job.subject,
            intent=job.intent,
            agreed=agreed,
        )


def job_of_wish(*, actor: Actor, jail: Jail, agreed: Agreed) -> Job | None:
    """Return the job that this wish made before: by now the file may be as it was wished for."""
    rows = Job.objects.filter(host_id=jail.host_id, subject=jail.safe_name, plan_hash=agreed.plan_hash)
    for other in rows if agreed.plan_hash else ():
        plan, key = other.stored_plan, agreed.idempotency_key
        if job_find(actor=actor, host_id=jail.host_id, plan=plan, idempotency_key=key) == other:
            return other
    return None


def _queue(
    actor: Actor, jail: Jail, plan: Plan, *, action: str, intent: dict[str, Any], agreed: Agreed
) -> Job:
    return queue_plan(
        actor,
        jail.host,
        plan,
        subject=subject_of(jail),
        action=action,
        safe_name=jail.safe_name,
        intent=intent,
        agreed=agreed,
    )


def _as_it_is_now(jail: Jail) -> Jail:
    row = Jail.objects.select_related("host").filter(pk=jail.pk).first()
    if row is None:
        raise Conflict(f"The jail {jail.name} is not there any more.")
    if row.observed_at is None:
        raise Conflict(f"The jail {jail.name} was asked for, and has not been seen on the host yet.")
    return row
