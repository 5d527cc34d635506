"""The kind of job that changes a basejail which is there: how it is proven, and tried again."""

from __future__ import annotations

from datetime import UTC

from django.urls import reverse

from apps.accounts.actor import Actor
from apps.accounts.permissions import Perm
from apps.freebsd.errors import InvalidInput
from apps.freebsd.values import Release
from apps.hosts.models import Host
from apps.jails.archives.moments import now
from apps.jails.basejail.situation import stale_jails
from apps.jails.basejail.update_plans import KIND, Way
from apps.jails.basejail.update_services import SOURCES, UpdateWish, update_plan, update_request
from apps.jails.models import Basejail, Jail
from apps.jails.services import Agreed
from apps.jobs.models import Job, JobState
from apps.jobs.plan import Plan
from apps.jobs.ports import Again, JobKind, NextLink, register_kind


def register_kinds() -> None:
    """Tell the engine the kind."""
    again = Again(Perm.BASEJAIL_INSTALL, _replan, _ask)
    register_kind(JobKind(KIND, "Update the basejail", _updated, _onward, again))


def _updated(job: Job) -> list[str]:
    basejail = Basejail.objects.filter(host_id=job.host_id).first()
    if basejail is None or not basejail.is_present:
        return ["There is no basejail on the host any more."]
    way = job.intent.get("way")
    problems = [f"The basejail is not complete: {problem}." for problem in basejail.problems]
    if way in (Way.PATCH, Way.FINISH):
        problems += _left_to_install(job)
    if way == Way.PATCH:
        problems += _went_back(str(job.intent.get("was") or ""), basejail.release)
    if way == Way.PORTS and not basejail.has_ports:
        problems.append("The basejail does not hold the ports tree.")
    if way == Way.SOURCES and not basejail.has_sources:
        problems.append("The basejail does not hold the sources.")
    return problems


def _left_to_install(job: Job) -> list[str]:
    pending = (job.host.facts.get("upkeep") or {}).get("pending", ())
    return [f"freebsd-update has more to install into {leaf}: finish it once more." for leaf in pending]


def _went_back(was: str, release: str) -> list[str]:
    try:
        before, after = Release.parse(was), Release.parse(release)
    except InvalidInput:
        return [f"The basejail says that it is {release or 'of an unknown release'}."]
    if after.name != before.name or after < before:
        return [f"The basejail says that it is {release}, and it was {was} before."]
    return []


def _onward(job: Job, actor: Actor) -> list[NextLink]:
    """Lead on to the restart of the jails that run on what was there before, or back to the basejail."""
    page = NextLink("The basejail", reverse("jails:basejail", args=[job.host_id]), "stack-2")
    if job.state != JobState.SUCCEEDED or not actor.may(Perm.JAIL_STOP, job.host_id):
        return [page]
    running = list(Jail.objects.filter(host_id=job.host_id, jid__isnull=False, is_dying=False))
    stale = stale_jails(_with_basejail(job), running)
    return (
        [NextLink(f"Restart {counted(len(stale))}", restart_url(stale), "refresh"), page] if stale else [page]
    )


def restart_url(jails: list[Jail]) -> str:
    """Return where jails are restarted together."""
    ids = ",".join(str(jail.pk) for jail in jails)
    return f"{reverse('jails:jail-bulk', args=['restart'])}?jails={ids}"


def counted(number: int) -> str:
    """Return so many jails, in words."""
    return "1 jail" if number == 1 else f"{number} jails"


def _with_basejail(job: Job) -> Host:
    return Host.objects.select_related("basejail").get(pk=job.host_id)


def _wish(job: Job) -> UpdateWish:
    """Return the job's wish; its end is the moment in the snapshot's name, the same at each look."""
    at = f"{job.ended_at.astimezone(UTC):%Y%m%d%H%M%S}" if job.ended_at else now()
    return UpdateWish(Way(job.intent["way"]), at, str(job.intent.get("sources") or SOURCES))


def _replan(job: Job) -> Plan:
    return update_plan(_with_basejail(job), _wish(job))


def _ask(job: Job, actor: Actor, plan_hash: str, key: str) -> Job:
    agreed = Agreed(plan_hash, key, job)
    return update_request(actor=actor, host=_with_basejail(job), wish=_wish(job), agreed=agreed)
