"""The kind of job that applies a firewall: how it is proven, and tried again."""

from __future__ import annotations

from django.urls import reverse

from apps.accounts.actor import Actor
from apps.accounts.permissions import Perm
from apps.freebsd.errors import ParseError
from apps.freebsd.firewall.codec import from_json
from apps.freebsd.firewall.model import Firewall
from apps.hosts.models import Host
from apps.jobs.models import Job
from apps.jobs.plan import Plan
from apps.jobs.ports import Again, JobKind, NextLink, register_kind
from apps.network.firewall.drift import differences, in_force
from apps.network.firewall.observed import live_of
from apps.network.firewall.plans import BOOT, KIND, boot_text
from apps.network.firewall.services import Wish, default_seconds, firewall_apply_request, ground_of, prospect
from apps.network.models import HostFirewall
from apps.network.queueing import Agreed

NOT_LOADED = "ipfw is not loaded on the host."
SWITCHED_OFF = "ipfw is switched off on the host (net.inet.ip.fw.enable is 0): it looks at no packet."
NOT_KEPT = "What the host loads at its next boot are not these rules."


def register_kinds() -> None:
    """Tell the engine the kind."""
    again = Again(Perm.FIREWALL_APPLY, _replan, _ask)
    register_kind(JobKind(KIND, "Apply a firewall", verify, _onward, again))


def verify(job: Job) -> list[str]:
    """Say in what the host is not as the job was to make it, by what the probe after it saw."""
    wanted = from_json(job.intent["firewall"])
    try:
        live = live_of(HostFirewall.objects.filter(host_id=job.host_id).first())
    except ParseError as error:
        return [error.message]
    if live is None:
        return [NOT_LOADED]
    problems = differences(in_force(wanted), in_force(live.firewall)).sentences
    if not live.is_enabled:
        problems.append(SWITCHED_OFF)
    return problems + _boot_problems(job, wanted, live.boot_text)


def _boot_problems(job: Job, wanted: Firewall, kept: str | None) -> list[str]:
    number = wanted.rules[0].set_number if wanted.rules else None
    problems = [] if number is None or kept == boot_text(wanted, number) else [NOT_KEPT]
    rc = ground_of(Host.objects.get(pk=job.host_id), None).rc
    return problems + [
        f"rc.conf does not say {name}={value}." for name, value in BOOT.items() if rc.get(name) != value
    ]


def _onward(job: Job, _actor: Actor) -> list[NextLink]:
    url = reverse("network:host-firewall", args=[job.host_id])
    return [NextLink("The firewall", url, "shield")]


def _wish(job: Job) -> Wish:
    return Wish(int(job.intent.get("seconds") or default_seconds()), job.intent.get("again"))


def _replan(job: Job) -> Plan:
    return prospect(Host.objects.get(pk=job.host_id), _wish(job)).plan


def _ask(job: Job, actor: Actor, plan_hash: str, key: str) -> Job:
    host = Host.objects.get(pk=job.host_id)
    agreed = Agreed(plan_hash, key, job)
    return firewall_apply_request(actor=actor, host=host, wish=_wish(job), agreed=agreed)
