"""Where to go when a job of this room has ended: on to the next thing, or back for another try."""

from __future__ import annotations

from urllib.parse import urlencode

from django.urls import reverse

from apps.accounts.actor import Actor
from apps.accounts.permissions import Perm
from apps.jails.models import Jail
from apps.jobs.models import Job, JobState
from apps.jobs.ports import NextLink

_AGAIN = {
    "jails.start": ("jails:jail-start", Perm.JAIL_START),
    "jails.stop": ("jails:jail-stop", Perm.JAIL_STOP),
    "jails.restart": ("jails:jail-restart", Perm.JAIL_STOP),
    "jails.delete": ("jails:jail-delete", Perm.JAIL_DELETE),
}


def from_basejail(job: Job, actor: Actor) -> list[NextLink]:
    """Lead on to the first jail, or back to the form as it was filled in."""
    if job.state == JobState.SUCCEEDED:
        return _new_jail(job, actor)
    if not actor.may(Perm.BASEJAIL_INSTALL, job.host_id):
        return []
    url = reverse("jails:basejail-install", args=[job.host_id])
    return [NextLink("Back to the form", _with_wish(url, job), "arrow-left")]


def from_create(job: Job, actor: Actor) -> list[NextLink]:
    """Lead on to the new jail, or back to the form as it was filled in."""
    if job.state == JobState.SUCCEEDED:
        return _to_new_jail(job, actor)
    if not actor.may(Perm.JAIL_CREATE, job.host_id):
        return _to_jail(job)
    url = reverse("jails:jail-create", args=[job.host_id])
    return [NextLink("Back to the form", _with_wish(url, job), "arrow-left"), *_to_jail(job)]


def from_change(job: Job, actor: Actor) -> list[NextLink]:
    """Lead to the jail, or on to a new one where it is gone."""
    return [*_to_kept(job), *(_to_jail(job) or _new_jail(job, actor))]


def _to_kept(job: Job) -> list[NextLink]:
    if job.state != JobState.SUCCEEDED or not job.intent.get("place"):
        return []
    return [NextLink("Kept jails", reverse("jails:kept-jails", args=[job.host_id]), "history")]


def _to_new_jail(job: Job, actor: Actor) -> list[NextLink]:
    links = _to_jail(job)
    if links and actor.may(Perm.JAIL_START, job.host_id):
        url = reverse("jails:jail-start", args=[job.host_id, job.subject])
        return [NextLink("Start it", url, "player-play", in_dialog=True), *links]
    return links


def _to_jail(job: Job) -> list[NextLink]:
    jail = Jail.objects.filter(host_id=job.host_id, safe_name=job.subject).only(
        "name", "host_id", "safe_name"
    )
    return [NextLink(f"Open {row.name}", row.get_absolute_url(), "box") for row in jail[:1]]


def _new_jail(job: Job, actor: Actor) -> list[NextLink]:
    if not actor.may(Perm.JAIL_CREATE, job.host_id):
        return []
    return [NextLink("New jail", reverse("jails:jail-create", args=[job.host_id]), "plus")]


def _with_wish(url: str, job: Job) -> str:
    return f"{url}?{urlencode({'again': job.pk})}"
