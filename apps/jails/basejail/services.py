"""Asking for changes to basejails: permission, plan, record and job, in one transaction."""

from __future__ import annotations

from django.db import transaction

from apps.accounts.actor import Actor
from apps.accounts.permissions import Perm
from apps.audit.services import Subject
from apps.freebsd.errors import Conflict
from apps.freebsd.values import Release
from apps.hosts.models import Host
from apps.hosts.services import host_lock
from apps.jails.basejail import plans
from apps.jails.queries import host_release
from apps.jails.services import Agreed, queue_plan
from apps.jobs.models import Job
from apps.jobs.plan import Plan


def basejail_install_request(
    *, actor: Actor, host: Host, release: Release, sources: bool, ports: bool, agreed: Agreed
) -> Job:
    """Ask for the basejail to be installed on a host.

    Raises:
        NotAllowed: The actor may not.
        InvalidInput: ezjail cannot install this; `field` says which part.
        Conflict: The host is away, a job for its basejail is open, or the plan is another than was shown.
    """
    actor.require(Perm.BASEJAIL_INSTALL, host.pk)
    plan = basejail_plan(host, release, sources=sources, ports=ports)
    subject = Subject("basejail", str(host.pk), f"basejail of {host.name}", host.pk)
    intent = {"release": release.name, "sources": sources, "ports": ports}
    with transaction.atomic():
        host_lock(host)
        return queue_plan(
            actor,
            host,
            plan,
            subject=subject,
            action="basejail.install_requested",
            safe_name="",
            intent=intent,
            agreed=agreed,
        )


def basejail_plan(host: Host, release: Release, *, sources: bool, ports: bool) -> Plan:
    """Return the plan for installing the basejail on a host as it was last seen.

    Raises:
        InvalidInput: ezjail cannot install this; `field` says which part.
        Conflict: The host has not been seen yet, or has no ezjail.
    """
    if not host.facts.get("ezjail", {}).get("installed"):
        raise Conflict("ezjail is not installed on this host. Install it there: pkg install ezjail")
    basejail = getattr(host, "basejail", None)
    present = bool(basejail and basejail.is_present)
    return plans.basejail_install_plan(
        release, host_release(host), sources=sources, ports=ports, is_present=present
    )
