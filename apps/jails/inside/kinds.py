"""The kinds of job inside a jail: what proves them, and how they are asked for again."""

from __future__ import annotations

from django.urls import reverse

from apps.accounts.actor import Actor
from apps.accounts.permissions import Perm
from apps.freebsd.errors import Conflict, PanelError
from apps.freebsd.parsers.inside import InstalledPackage
from apps.jails.inside import looking, plans, services
from apps.jails.inside.plans import Wish
from apps.jails.models import Jail
from apps.jails.services import Agreed
from apps.jobs.models import Job
from apps.jobs.plan import Plan
from apps.jobs.ports import Again, JobKind, NextLink


def verify_service(job: Job) -> list[str]:
    """Look into the jail again, and say what of a service is not as it was asked for."""
    name = job.intent["words"][0]
    try:
        rows = looking.look_services(_jail(job)).rows
    except PanelError as error:
        return [f"Whether {name} is as wanted could not be looked at: {error.message}"]
    row = next((row for row in rows if row.name == name), None)
    if row is None:
        return [f"The jail has no service {name}."]
    wrong = {
        "onestart": (row.running is False, "does not run"),
        "onerestart": (row.running is False, "does not run"),
        "onestop": (row.running is True, "still runs"),
        "enable": (not row.enabled, "is not set to start with the jail"),
        "disable": (row.enabled, "is still set to start with the jail"),
    }
    is_wrong, how = wrong[job.intent["do"]]
    return [f"{name} {how}."] if is_wrong else []


def verify_packages(job: Job) -> list[str]:
    """Look into the jail again, and say which packages are not as they were asked for."""
    do, names = job.intent["do"], job.intent["words"]
    try:
        found = looking.look_packages(_jail(job))
    except PanelError as error:
        return [f"What is installed could not be looked at: {error.message}"]
    if not found.has_pkg:
        return ["pkg is not installed in the jail."]
    if found.is_cut:
        return []
    if do == "install":
        return [f"{name} is not installed." for name in names if not _has(found.rows, name)]
    if do == "delete":
        return [f"{name} is still installed." for name in names if _has(found.rows, name)]
    return []


def _has(rows: tuple[InstalledPackage, ...], name: str) -> bool:
    return any(name in (row.name, f"{row.name}-{row.version}") for row in rows)


def _done(_job: Job) -> list[str]:
    """Say nothing of a command: its exit status is all that it promises."""
    return []


def _jail(job: Job) -> Jail:
    jail = Jail.objects.select_related("host").filter(host_id=job.host_id, safe_name=job.subject).first()
    if jail is None:
        raise Conflict(f"There is no jail {job.subject} on {job.host.name} any more.")
    return jail


def _wish(job: Job) -> Wish:
    return Wish(job.intent["do"], tuple(job.intent["words"]))


def _again(job: Job) -> Plan:
    return services.inside_plan(_jail(job), _wish(job))


def _ask(job: Job, actor: Actor, plan_hash: str, key: str) -> Job:
    agreed = Agreed(plan_hash, key, job)
    return services.inside_request(actor=actor, jail=_jail(job), wish=_wish(job), agreed=agreed)


def _to_inside(job: Job, actor: Actor) -> list[NextLink]:
    there = Jail.objects.filter(host_id=job.host_id, safe_name=job.subject).exists()
    if not there or not actor.may(Perm.JAIL_INSIDE, job.host_id):
        return []
    url = reverse("jails:jail-inside", args=[job.host_id, job.subject])
    return [NextLink("Inside the jail", url, "terminal-2")]


_CHANGE, _COMMAND = (Again(perm, _again, _ask) for perm in (Perm.JAIL_INSIDE_CHANGE, Perm.JAIL_COMMAND))
KINDS = (
    JobKind(plans.SERVICE, "Change a service in a jail", verify_service, _to_inside, _CHANGE),
    JobKind(plans.PACKAGES, "Change packages in a jail", verify_packages, _to_inside, _CHANGE),
    JobKind(plans.COMMAND, "Run a command in a jail", _done, _to_inside, _COMMAND),
)
