"""Asking for changes to jails: permission, rules, plan, record and job, in one transaction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from apps.accounts.actor import Actor
from apps.accounts.permissions import Perm
from apps.audit.services import Subject, record
from apps.freebsd.errors import Conflict, InvalidInput
from apps.freebsd.values import FlavourName, JailAddresses, JailName
from apps.hosts.models import Host
from apps.hosts.services import host_lock
from apps.jails import new_plans, new_rules, plans, rules
from apps.jails.changes import RESTART, START, STOP, intent_of, subject_of, why_not_now
from apps.jails.holding import hold_for
from apps.jails.keeping.queries import keep_days
from apps.jails.models import Jail, JailAddress
from apps.jails.new_options import NewJailOptions
from apps.jails.queries import host_flavours, host_network
from apps.jails.settings import policy
from apps.jobs.models import OPEN_STATES, Job
from apps.jobs.plan import Plan
from apps.jobs.services import Because, job_create, job_find

GONE = "ezjail has no file for {name} any more: its page “Drift” has the ways out."


@dataclass(frozen=True, slots=True)
class Agreed:
    """What the person saw when they agreed.

    Args:
        plan_hash: The hash of the plan that was shown; empty when none was.
        idempotency_key: Names this one wish, however often it is posted.
        origin: The job that this wish tries again, or mends what it left.
    """

    plan_hash: str = ""
    idempotency_key: str = ""
    origin: Job | None = None


@dataclass(frozen=True, slots=True)
class NewJail:
    """What a new jail should be.

    Args:
        name: Its name.
        addresses: Its addresses in order.
        flavour: The flavour to lay over it, if any.
        public_first_reason: Why its first address may be public, if it is.
        options: What the simple form does not ask.
    """

    name: JailName
    addresses: JailAddresses
    flavour: FlavourName | None = None
    public_first_reason: str = ""
    options: NewJailOptions = field(default_factory=NewJailOptions)

    def plan(self, host: Host) -> Plan:
        """Return the commands that make it on a host as it was last seen.

        Raises:
            InvalidInput: What the host's ezjail makes of an option cannot be told.
        """
        return new_plans.create_plan(
            self.name, self.addresses, self.flavour, self.options, new_rules.defaults_of(host)
        )


def jail_create_request(*, actor: Actor, host: Host, wanted: NewJail, agreed: Agreed) -> Job:
    """Ask for a new jail.

    Raises:
        NotAllowed: The actor may not.
        InvalidInput: A rule is broken, or a parameter takes a right that the actor lacks; `field` says where.
        Conflict: The host is away, or the plan is another than was shown.
    """
    actor.require(Perm.JAIL_CREATE, host.pk)
    if wanted.options.starts:
        actor.require(Perm.JAIL_START, host.pk)
    parameters = dict(wanted.options.settings).get("parameters", "")
    policy.check(actor, host.pk, policy.parameter_needs("", parameters))
    plan = wanted.plan(host)
    with transaction.atomic():
        host_lock(host)
        if existing := _asked_before(actor, host, plan, agreed):
            return existing
        check_new_jail(host, wanted)
        jail = _insert(host, wanted)
        intent: dict[str, Any] = {
            "name": str(wanted.name),
            "addresses": str(wanted.addresses),
            "flavour": str(wanted.flavour or ""),
            "public_first_reason": wanted.public_first_reason,
        }
        if not wanted.options.is_plain:
            intent["options"] = wanted.options.to_json()
        return queue_plan(
            actor,
            host,
            plan,
            subject=subject_of(jail),
            action="jail.create_requested",
            safe_name=jail.safe_name,
            intent=intent,
            agreed=agreed,
        )


def jail_create_find(*, actor: Actor, host: Host, wanted: NewJail, agreed: Agreed) -> Job | None:
    """Return the job that this wish made before, if it did: the form was sent twice."""
    return _asked_before(actor, host, wanted.plan(host), agreed)


def check_new_jail(host: Host, wanted: NewJail, *, without: str = "", moved: Jail | None = None) -> None:
    """Refuse a new jail that breaks a rule.

    Args:
        host: The host, as it was last seen.
        wanted: The new jail.
        without: The safe name of a jail that does not count: one that was asked for and never made.
        moved: The jail that it is on the host that it comes from.

    Raises:
        InvalidInput: The first broken rule; `field` says where.
        Conflict: The host has no basejail.
    """
    network = host_network(host, without=without, moved=moved)
    errors = rules.check_name(wanted.name, network)
    errors += rules.check_addresses(enumerate(wanted.addresses), network).errors
    errors += rules.check_order(wanted.addresses, wanted.public_first_reason)
    if wanted.flavour and str(wanted.flavour) not in host_flavours(host):
        errors.append(("flavour", f"The host has no flavour {wanted.flavour}."))
    errors += new_rules.check_options(host, wanted.name, wanted.flavour, wanted.options)
    if errors:
        raise InvalidInput(errors[0][1], field=errors[0][0])
    basejail = getattr(host, "basejail", None)
    if basejail is None or not basejail.is_complete:
        raise Conflict("The host has no complete basejail. Install it first: every jail is built on it.")


def _insert(host: Host, wanted: NewJail) -> Jail:
    jail = Jail.objects.create(
        host=host,
        name=wanted.name.hostname,
        safe_name=wanted.name.safe_name,
        flavour=new_plans.all_flavours(wanted.flavour, wanted.options)[:64],
    )
    JailAddress.objects.bulk_create(
        JailAddress(
            jail=jail,
            position=position,
            interface=str(item.interface or ""),
            address=str(item.ip),
            prefix=item.prefix,
        )
        for position, item in enumerate(wanted.addresses)
    )
    return jail


def jail_start_request(*, actor: Actor, jail: Jail, agreed: Agreed) -> Job:
    """Ask for a jail to be started. Raises as `_request` does."""
    return _request(
        actor,
        jail,
        perm=START.perm,
        plan_of=START.plan,
        action=START.action,
        agreed=agreed,
    )


def jail_stop_request(*, actor: Actor, jail: Jail, agreed: Agreed) -> Job:
    """Ask for a jail to be stopped. Raises as `_request` does."""
    return _request(actor, jail, perm=STOP.perm, plan_of=STOP.plan, action=STOP.action, agreed=agreed)


def jail_restart_request(*, actor: Actor, jail: Jail, agreed: Agreed) -> Job:
    """Ask for a jail to be restarted. Raises as `_request` does."""
    return _request(
        actor,
        jail,
        perm=RESTART.perm,
        plan_of=RESTART.plan,
        action=RESTART.action,
        agreed=agreed,
    )


def jail_delete_request(*, actor: Actor, jail: Jail, wipe: bool, typed_name: str, agreed: Agreed) -> Job:
    """Ask for a jail to be deleted, with its files (`wipe`) or without.

    Raises:
        InvalidInput: The typed name is not the jail's.
        NotAllowed, Conflict: As `_request` does.
    """
    actor.require(Perm.JAIL_DELETE, jail.host_id)
    if typed_name != jail.name:
        raise InvalidInput(f"Type the jail's name, {jail.name}, to confirm.", field="typed_name")
    if wipe and (days := keep_days(jail.host)):
        raise Conflict(f"Jails of {jail.host.name} are kept for {days} days: delete it on its page.")

    def plan(row: Jail) -> Plan:
        return plans.delete_plan(row, wipe=wipe)

    # Once it is forgotten, nobody else knows them.
    intent = {"wipe": wipe, "addresses": ",".join(str(address) for address in jail.addresses.all())}
    return _request(
        actor,
        jail,
        perm=Perm.JAIL_DELETE,
        plan_of=plan,
        action="jail.delete_requested",
        agreed=agreed,
        intent=intent,
    )


def _request(
    actor: Actor,
    jail: Jail,
    *,
    perm: Perm,
    plan_of: Callable[[Jail], Plan],
    action: str,
    agreed: Agreed,
    intent: dict[str, Any] | None = None,
) -> Job:
    """Queue a plan for one jail.

    Raises:
        NotAllowed: The actor may not.
        Conflict: The jail is gone, its host is away, a job for it is open, or the plan is another than was
            shown.
    """
    actor.require(perm, jail.host_id)
    with transaction.atomic():
        host_lock(jail.host)
        jail = _as_it_is_now(jail)
        intent = {**intent_of(jail), **(intent or {})}
        return queue_plan(
            actor,
            jail.host,
            plan_of(jail),
            subject=subject_of(jail),
            action=action,
            safe_name=jail.safe_name,
            intent=intent,
            agreed=agreed,
        )


def queue_plan(
    actor: Actor,
    host: Host,
    plan: Plan,
    *,
    subject: Subject,
    action: str,
    safe_name: str,
    intent: dict[str, Any],
    agreed: Agreed,
) -> Job:
    """Queue a plan for a jail or for the host itself; called by services that have checked the permission.

    Raises:
        Conflict: The host is away, a job for the same is open, or the plan is another than was shown.
        InvalidInput: An address that the jail is to get is held for another; `field` is its row's.
    """
    if existing := _asked_before(actor, host, plan, agreed):
        return existing
    _check_ready(host, plan, safe_name, agreed)
    job = job_create(
        actor=actor, host_id=host.pk, plan=plan, subject=safe_name,
        intent=intent, idempotency_key=agreed.idempotency_key, because=Because(origin=agreed.origin),
    )  # fmt: skip
    hold_for(host, safe_name, intent, job)
    if agreed.origin:
        intent = {**intent, "origin": str(agreed.origin.pk)}
    record(actor=actor, action=action, subject=subject, job_id=job.pk, plan_hash=plan.hash, **intent)
    return job


def _as_it_is_now(jail: Jail) -> Jail:
    row = Jail.objects.select_related("host").filter(pk=jail.pk).first()
    if row is None:
        raise Conflict(f"The jail {jail.name} is not there any more.")
    if row.missing_since:
        raise Conflict(GONE.format(name=row.name))
    return row


def _asked_before(actor: Actor, host: Host, plan: Plan, agreed: Agreed) -> Job | None:
    return job_find(actor=actor, host_id=host.pk, plan=plan, idempotency_key=agreed.idempotency_key)


def _check_ready(host: Host, plan: Plan, safe_name: str, agreed: Agreed) -> None:
    same = Job.objects.filter(host=host, subject=safe_name, state__in=OPEN_STATES)
    if not safe_name:
        same = same.filter(kind=plan.kind)
    if why_not := why_not_now(host, same.first() or _on_its_way(host, safe_name)):
        raise Conflict(why_not)
    if agreed.plan_hash and agreed.plan_hash != plan.hash:
        raise Conflict("The state changed since these commands were shown. Look at them again.")


def _on_its_way(host: Host, safe_name: str) -> Job | None:
    """Return the job that brings a jail of this host to another: until its end all stays as it is here."""
    moving = Job.objects.filter(kind="jails.move", intent__source=str(host.pk), state__in=OPEN_STATES)
    return moving.filter(subject=safe_name).exclude(host=host).first() if safe_name else None
