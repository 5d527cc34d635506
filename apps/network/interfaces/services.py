"""Asking for an address of the host's own."""

from __future__ import annotations

from django.db import transaction

from apps.accounts.actor import Actor
from apps.accounts.permissions import Perm
from apps.hosts.models import Host
from apps.hosts.services import host_lock, subject_of
from apps.jobs.models import Job
from apps.network.interfaces.holding import hold_for
from apps.network.interfaces.plans import address_plan
from apps.network.interfaces.rules import IpInterface
from apps.network.queueing import Agreed, asked_before, queue_host_plan


def address_add_request(
    *, actor: Actor, host: Host, interface: str, address: IpInterface, agreed: Agreed
) -> Job:
    """Ask for a host to get an address of its own, now and at each boot.

    Raises:
        NotAllowed: The actor may not.
        InvalidInput: It cannot have it; `field` says where.
        Conflict: The host is away, has it already, or the plan is another than was shown.
    """
    actor.require(Perm.ADDRESS_CHANGE, host.pk)
    with transaction.atomic():
        host_lock(host)
        host = Host.objects.get(pk=host.pk)
        plan = address_plan(host, interface, address)
        if existing := asked_before(actor, host, plan, agreed):
            return existing
        intent = {"interface": interface, "address": str(address)}
        job = queue_host_plan(
            actor,
            host,
            plan,
            subject=subject_of(host),
            action="host.address_requested",
            intent=intent,
            said=intent,
            agreed=agreed,
        )
        hold_for(host, interface, address, job)
    return job
