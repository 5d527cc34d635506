"""The kind of job that destroys what was kept, and the proof that something is kept."""

from __future__ import annotations

from django.urls import reverse

from apps.accounts.actor import Actor
from apps.jails.keeping.plans import REMOVE
from apps.jails.models import KeptJail
from apps.jobs.models import Job
from apps.jobs.ports import JobKind, NextLink, register_kind


def register_kinds() -> None:
    """Tell the engine the kind."""
    register_kind(JobKind(REMOVE, "Destroy what is kept of a jail", _gone, _to_kept))


def not_kept(job: Job) -> list[str]:
    """Return that a deleted jail is not kept, where it was to be."""
    place = job.intent.get("place")
    if not place or KeptJail.objects.filter(host_id=job.host_id, place=place).exists():
        return []
    return [f"What was to be kept of it, {place}, is not there."]


def _gone(job: Job) -> list[str]:
    there = KeptJail.objects.filter(host_id=job.host_id, place=job.intent["place"]).exists()
    return [f"{job.intent['place']} is still there."] if there else []


def _to_kept(job: Job, _actor: Actor) -> list[NextLink]:
    return [NextLink("Kept jails", reverse("jails:kept-jails", args=[job.host_id]), "history")]
