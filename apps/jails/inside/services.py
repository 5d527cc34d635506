"""Asking for changes inside a jail: permission, plan, record and job, in one transaction."""

from __future__ import annotations

from django.db import transaction

from apps.accounts.actor import Actor
from apps.accounts.permissions import Perm
from apps.freebsd.errors import Conflict, InvalidInput
from apps.hosts.services import host_lock
from apps.jails.changes import subject_of
from apps.jails.inside import plans
from apps.jails.inside.plans import Wish
from apps.jails.models import Jail
from apps.jails.services import Agreed, queue_plan
from apps.jobs.models import Job
from apps.jobs.plan import Plan

_ACTION = {
    plans.SERVICE: "jail.service_requested",
    plans.PACKAGES: "jail.packages_requested",
    plans.COMMAND: "jail.command_requested",
}


def wish_of(kind: str, do: str, words: tuple[str, ...]) -> Wish:
    """Return a wish of a kind.

    Raises:
        InvalidInput: This is nothing that the kind does.
    """
    wish = Wish(do, words)
    if wish.kind != kind:
        raise InvalidInput("This is nothing that can be done there.", field="do")
    return wish


def perm_of(wish: Wish) -> Perm:
    """Return what one must hold for a wish."""
    return Perm.JAIL_COMMAND if wish.kind == plans.COMMAND else Perm.JAIL_INSIDE_CHANGE


def inside_plan(jail: Jail, wish: Wish) -> Plan:
    """Return the plan for a wish in a jail as it was last seen.

    Raises:
        Conflict: The jail does not run.
        InvalidInput: A word cannot be passed on; `field` says which field it came from.
    """
    if not jail.is_running:
        raise Conflict(f"The jail {jail.name} does not run: start it first.")
    return plans.plan(jail.safe_name, jail.name, wish)


def inside_request(*, actor: Actor, jail: Jail, wish: Wish, agreed: Agreed) -> Job:
    """Ask for a change inside a jail, or for a command there. The record keeps every word of it.

    Raises:
        NotAllowed: The actor may not.
        InvalidInput: As `inside_plan`.
        Conflict: The jail is gone or does not run, its host is away, a job for it is open, or the plan is
            another than was shown.
    """
    actor.require(perm_of(wish), jail.host_id)
    with transaction.atomic():
        host_lock(jail.host)
        row = Jail.objects.select_related("host").filter(pk=jail.pk).first()
        if row is None:
            raise Conflict(f"The jail {jail.name} is not there any more.")
        return queue_plan(
            actor,
            row.host,
            inside_plan(row, wish),
            subject=subject_of(row),
            action=_ACTION[wish.kind],
            safe_name=row.safe_name,
            intent={"do": wish.do, "words": list(wish.words)},
            agreed=agreed,
        )
