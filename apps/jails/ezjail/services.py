"""Asking for ezjail to be set up, and for its settings to be changed: permission, plan, record and job."""

from __future__ import annotations

from django.db import transaction

from apps.accounts.actor import Actor
from apps.accounts.permissions import Perm
from apps.freebsd.errors import Conflict, InvalidInput
from apps.hosts.models import Host
from apps.hosts.services import host_lock, subject_of
from apps.jails.ezjail import plans, rules, settings
from apps.jails.ezjail.situation import situation_of
from apps.jails.ezjail.wanted import HostSetup
from apps.jails.services import Agreed, queue_plan
from apps.jobs.models import Job
from apps.jobs.plan import Plan

NOTHING_LEFT = "The host has all of this already: there is nothing left to do."


def setup_plan(host: Host, wanted: HostSetup) -> Plan:
    """Return the steps that a host still lacks, as it was last seen.

    Raises:
        InvalidInput: A rule is broken; `field` says where.
        Conflict: The host was never read, or lacks nothing.
    """
    seen = situation_of(host)
    if host.seen_at is None:
        raise Conflict(f"{host.name} has not been read yet.")
    if complaints := rules.check_setup(wanted, seen):
        field, sentence = complaints[0]
        raise InvalidInput(sentence, field=field)
    plan = plans.setup_plan(wanted, seen)
    if not plan.commands:
        raise Conflict(NOTHING_LEFT)
    return plan


def ezjail_setup_request(*, actor: Actor, host: Host, wanted: HostSetup, agreed: Agreed) -> Job:
    """Ask for a host to be set up for ezjail.

    Raises:
        NotAllowed: The actor may not.
        InvalidInput: A rule is broken; `field` says where.
        Conflict: The host is away, lacks nothing, or the plan is another than was shown.
    """
    actor.require(Perm.HOST_SETUP, host.pk)
    with transaction.atomic():
        host_lock(host)
        host = Host.objects.get(pk=host.pk)
        return queue_plan(
            actor,
            host,
            setup_plan(host, wanted),
            subject=subject_of(host),
            action="ezjail.setup_requested",
            safe_name="",
            intent=wanted.to_json(),
            agreed=agreed,
        )


def ezjail_settings_request(*, actor: Actor, host: Host, changes: settings.Changes, agreed: Agreed) -> Job:
    """Ask for settings in ezjail.conf to be changed.

    Args:
        actor: Who asks.
        host: Where.
        changes: The new value by setting; None takes a setting out, so that ezjail's default counts.
        agreed: What they saw.

    Raises:
        NotAllowed: The actor may not.
        InvalidInput: A value cannot be; `field` is the setting.
        Conflict: The host is away, has nothing to change, or the plan is another than was shown.
    """
    actor.require(Perm.HOST_SETUP, host.pk)
    with transaction.atomic():
        host_lock(host)
        host = Host.objects.get(pk=host.pk)
        return queue_plan(
            actor,
            host,
            settings.settings_plan(situation_of(host), changes, host.facts.get("flavours")),
            subject=subject_of(host),
            action="ezjail.settings_requested",
            safe_name="",
            intent={"changes": changes},
            agreed=agreed,
        )
