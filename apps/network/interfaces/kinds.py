"""The kind of job that adds an address: how it is proven, and tried again."""

from __future__ import annotations

from django.urls import reverse

from apps.accounts.actor import Actor
from apps.accounts.permissions import Perm
from apps.freebsd.errors import PanelError
from apps.hosts.models import Host
from apps.jobs.models import Job
from apps.jobs.plan import Plan
from apps.jobs.ports import Again, JobKind, NextLink, register_kind
from apps.network.interfaces.plans import KIND, address_plan, lacks
from apps.network.interfaces.rules import IpInterface, parse
from apps.network.interfaces.services import address_add_request
from apps.network.queueing import Agreed


def register_kinds() -> None:
    """Tell the engine the kind."""
    again = Again(Perm.ADDRESS_CHANGE, _replan, _ask)
    register_kind(JobKind(KIND, "Add an address of the host", verify, _onward, again))


def verify(job: Job) -> list[str]:
    """Say what the host still lacks, by what the probe after the job saw."""
    host, interface, address = _wish(job)
    try:
        return [lack.sentence for lack in lacks(host, interface, address)]
    except PanelError as error:
        return [error.message]


def _wish(job: Job) -> tuple[Host, str, IpInterface]:
    host = Host.objects.get(pk=job.host_id)
    return host, str(job.intent["interface"]), parse(str(job.intent["address"]))


def _onward(job: Job, _actor: Actor) -> list[NextLink]:
    return [NextLink("The host’s network", reverse("network:host-network", args=[job.host_id]), "network")]


def _replan(job: Job) -> Plan:
    return address_plan(*_wish(job))


def _ask(job: Job, actor: Actor, plan_hash: str, key: str) -> Job:
    host, interface, address = _wish(job)
    agreed = Agreed(plan_hash, key, job)
    return address_add_request(actor=actor, host=host, interface=interface, address=address, agreed=agreed)
