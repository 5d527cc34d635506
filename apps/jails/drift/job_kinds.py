"""The kind of job that makes a jail as it is wanted: its proof, and how it is tried again."""

from __future__ import annotations

from apps.accounts.actor import Actor
from apps.accounts.permissions import Perm
from apps.freebsd.errors import Conflict
from apps.jails import next_links
from apps.jails.drift.compare import differences
from apps.jails.drift.plans import APPLY, apply_plan, label
from apps.jails.drift.services import apply_request
from apps.jails.models import Jail
from apps.jails.services import Agreed
from apps.jobs.models import Job
from apps.jobs.plan import Plan
from apps.jobs.ports import Again, JobKind, register_kind


def register_kinds() -> None:
    """Tell the engine the kind."""
    again = Again(Perm.JAIL_CHANGE, _replan, _ask)
    register_kind(JobKind(APPLY, "Make a jail as it is wanted", applied, next_links.from_change, again))


def applied(job: Job) -> list[str]:
    """Look whether what was asked for is as wanted."""
    jail = Jail.objects.filter(host_id=job.host_id, safe_name=job.subject).first()
    if jail is None:
        return ["The panel knows no such jail any more."]
    left = [field for field in differences(jail) if field in job.intent["fields"]]
    return [f"Not as wanted so far: {', '.join(label(field) for field in left)}."] if left else []


def _jail(job: Job) -> Jail:
    jail = Jail.objects.select_related("host").filter(host_id=job.host_id, safe_name=job.subject).first()
    if jail is None:
        raise Conflict(f"The panel knows no jail {job.subject} on {job.host.name} any more.")
    return jail


def _replan(job: Job) -> Plan:
    return apply_plan(_jail(job), job.intent["fields"])


def _ask(job: Job, actor: Actor, plan_hash: str, key: str) -> Job:
    agreed = Agreed(plan_hash, key, job)
    return apply_request(actor=actor, jail=_jail(job), fields=job.intent["fields"], agreed=agreed)
