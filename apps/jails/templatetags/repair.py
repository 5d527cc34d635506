"""Tags for what is half made: `{% load repair %}`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django import template
from django.urls import reverse

from apps.accounts.actor import Actor
from apps.accounts.permissions import Perm, denial
from apps.audit.models import AuditEvent
from apps.hosts.models import Host
from apps.jails import remains
from apps.jails.repair_kinds import FINISH, Finding, Repair
from apps.jobs.models import Job

register = template.Library()


@dataclass(frozen=True, slots=True)
class Way:
    """A button that leads to a way on.

    Args:
        id: Its element's.
        label: Its words.
        url: Where it leads.
        tone: The button's look: primary for the way forward, danger where it only destroys.
        may_not: Why it is greyed; empty when it may be pressed.
    """

    id: str
    label: str
    url: str
    tone: str
    may_not: str


@dataclass(frozen=True, slots=True)
class Shown:
    """Something half made as a page shows it.

    Args:
        finding: It.
        ways: Its buttons.
        leave_url: Where the decision to leave it is posted; empty where no job is asked about.
        may_not_leave: Why that is greyed; empty when it may be pressed.
        left: Who decided last to leave it, and when.
    """

    finding: Finding
    ways: tuple[Way, ...]
    leave_url: str = ""
    may_not_leave: str = ""
    left: AuditEvent | None = None


@register.simple_tag(takes_context=True)
def host_findings(context: template.Context, host: Host) -> list[Shown]:
    """Return what is half made on a host."""
    actor = context["request"].actor
    return [Shown(found, tuple(_ways(actor, host.pk, found, None))) for found in remains.host_findings(host)]


@register.filter
def nobody_looked(job: Job) -> bool:
    """Tell whether nobody knows yet what a job left."""
    return remains.nobody_looked(job)


@register.simple_tag(takes_context=True)
def job_findings(context: template.Context, job: Job) -> list[Shown]:
    """Return what a job that has ended left half made."""
    found = remains.job_findings(job)
    left = remains.left_by(job) if found else {}
    return [_of_job(context["request"].actor, job, finding, left.get(finding.key)) for finding in found]


def _of_job(actor: Actor, job: Job, finding: Finding, left: AuditEvent | None) -> Shown:
    url = reverse("jails:finding-leave", args=[job.pk, finding.key])
    may_not = "" if actor.may(Perm.JOB_CANCEL, job.host_id) else denial(Perm.JOB_CANCEL)
    return Shown(finding, tuple(_ways(actor, job.host_id, finding, job)), url, may_not, left)


def _ways(actor: Actor, host_id: Any, finding: Finding, job: Job | None) -> list[Way]:
    return [_way(actor, host_id, finding, repair, job) for repair in finding.repairs]


def _tone(repair: Repair) -> str:
    if repair.typed_name and repair.wanted is None:
        return "ghost-danger"
    return "primary" if repair.way == FINISH else ""


def _way(actor: Actor, host_id: Any, finding: Finding, repair: Repair, job: Job | None) -> Way:
    url = reverse("jails:repair", args=[host_id, finding.key, repair.way])
    return Way(
        id=f"mend-{finding.key}-{repair.way}",
        label=repair.label,
        url=f"{url}?{urlencode({'job': job.pk})}" if job else url,
        tone=_tone(repair),
        may_not="" if actor.may(repair.perm, host_id) else denial(repair.perm),
    )
