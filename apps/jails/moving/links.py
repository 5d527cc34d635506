"""Where to go from a job of a move that has ended: to the jail on either host."""

from __future__ import annotations

from django.urls import reverse

from apps.accounts.actor import Actor
from apps.accounts.permissions import Perm
from apps.hosts.models import Host
from apps.jails.models import Jail
from apps.jobs.models import Job
from apps.jobs.ports import NextLink


def from_move(job: Job, actor: Actor) -> list[NextLink]:
    """Lead to the jail where it is: on its own host first, where it is whole whatever happened."""
    wanted = [job.intent["source"], job.intent["target"]]
    rows = Jail.objects.filter(host_id__in=wanted, safe_name=job.subject, observed_at__isnull=False)
    there = set(rows.values_list("host_id", flat=True))
    hosts = Host.objects.filter(pk__in=there).only("name")
    seen = sorted(
        (host for host in hosts if actor.may(Perm.JAIL_VIEW, host.pk)), key=lambda h: wanted.index(str(h.pk))
    )
    return [NextLink(f"{job.intent['name']} on {host.name}", _url(host, job.subject), "box") for host in seen]


def _url(host: Host, safe_name: str) -> str:
    return reverse("jails:jail-detail", args=[host.pk, safe_name])
