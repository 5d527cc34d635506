"""Queueing a plan that changes a host's network: what was shown is what runs, once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.crypto import get_random_string

from apps.accounts.actor import Actor
from apps.accounts.middleware import PanelRequest
from apps.audit.services import Subject, record
from apps.freebsd.errors import Conflict
from apps.hosts.models import Host
from apps.jobs.models import OPEN_STATES, Job
from apps.jobs.plan import Plan
from apps.jobs.services import Because, job_create, job_find


@dataclass(frozen=True, slots=True)
class Agreed:
    """What the person saw when they agreed.

    Args:
        plan_hash: The hash of the plan that was shown; empty when none was.
        idempotency_key: Names this one wish, however often it is posted.
        origin: The job that this wish tries again.
    """

    plan_hash: str = ""
    idempotency_key: str = ""
    origin: Job | None = None


def agreed(request: PanelRequest) -> Agreed:
    """Return what the person saw when they pressed the button."""
    return Agreed(_word(request, "plan_hash"), _word(request, "idempotency_key"))


def _word(request: PanelRequest, name: str) -> str:
    """Return what a hidden field carries, as no more than a database can look up: PostgreSQL takes no NUL."""
    return request.POST.get(name, "")[:64].replace("\0", "?")


def fresh_key() -> str:
    """Return a key that names one wish, however often it is posted."""
    return get_random_string(32)


def why_not_now(host: Host, kind: str) -> str:
    """Return why a change of this kind cannot be asked for on a host at the moment; empty when it can."""
    if not host.is_online:
        return f"{host.name} is {host.get_state_display()}: {host.state_reason}".rstrip(": ")
    if job := Job.objects.filter(host=host, kind=kind, state__in=OPEN_STATES).first():
        return f"“{job.title}” is {job.get_state_display()} already. Wait for its end."
    return ""


def asked_before(actor: Actor, host: Host, plan: Plan, agreed: Agreed) -> Job | None:
    """Return the job that this wish made before, if it did: the form was sent twice."""
    return job_find(actor=actor, host_id=host.pk, plan=plan, idempotency_key=agreed.idempotency_key)


def queue_host_plan(
    actor: Actor,
    host: Host,
    plan: Plan,
    *,
    subject: Subject,
    action: str,
    intent: dict[str, Any],
    said: dict[str, Any],
    agreed: Agreed,
) -> Job:
    """Queue a plan for a host; called by services that have checked the permission and hold the host's lock.

    Args:
        actor: Who asks.
        host: Which host.
        plan: The steps.
        subject: What the record calls what is changed.
        action: What the record calls the wish.
        intent: What was asked for; `verify` and a retry read it.
        said: What the record says of it.
        agreed: What the person saw.

    Raises:
        Conflict: The host is away, a job for the same is open, or the plan is another than was shown.
    """
    if why_not := why_not_now(host, plan.kind):
        raise Conflict(why_not)
    if agreed.plan_hash and agreed.plan_hash != plan.hash:
        raise Conflict("The state changed since these commands were shown. Look at them again.")
    job = job_create(
        actor=actor, host_id=host.pk, plan=plan, subject="",
        intent=intent, idempotency_key=agreed.idempotency_key, because=Because(origin=agreed.origin),
    )  # fmt: skip
    record(actor=actor, action=action, subject=subject, job_id=job.pk, plan_hash=plan.hash, **said)
    return job
