"""Reads of jails, narrowed to what the actor may see, and what the rules need to know of a host."""

from __future__ import annotations

from ipaddress import ip_address, ip_interface
from uuid import UUID

from django.db.models import OuterRef, Prefetch, QuerySet, Subquery
from django.http import Http404

from apps.accounts.actor import Actor
from apps.accounts.permissions import Perm
from apps.freebsd.errors import Conflict, InvalidInput
from apps.freebsd.values import Release
from apps.hosts.models import Host
from apps.jails.models import Drift, Jail, JailAddress
from apps.jails.rules import HostNetwork, IpAddress
from apps.jobs.models import OPEN_STATES, Job, JobState
from apps.network.pools.holding import why_not_held


def jail_list(actor: Actor) -> QuerySet[Jail]:
    """Return the jails on the hosts that the actor may see, with host and addresses."""
    hosts = actor.scope(Perm.JAIL_VIEW)
    jails = (
        Jail.objects.select_related("host")
        .prefetch_related(Prefetch("addresses", queryset=JailAddress.objects.order_by("position")))
        .defer("config_text", "fstab_text", "wanted", "host__facts", "host__host_key", "host__offered_key")
    )
    return jails if hosts is None else jails.filter(host_id__in=hosts)


def jail_get(*, actor: Actor, host_id: UUID, safe_name: str, need: Perm = Perm.JAIL_VIEW) -> Jail:
    """Return one jail.

    Raises:
        Http404: There is none that the actor may see.
        NotAllowed: The actor may see it, but not do what is needed.
    """
    jail = jail_list(actor).filter(host_id=host_id, safe_name=safe_name).first()
    if jail is None:
        raise Http404
    actor.require(need, host_id)
    return jail


def host_network(host: Host, *, without: str = "", moved: Jail | None = None) -> HostNetwork:
    """Return what the rules need: interfaces as last seen, and who holds which name and address.

    Args:
        host: The host.
        without: The safe name of a jail that does not count.
        moved: A jail of another host that is to come to this one, with what is held for it.
    """
    jails = Jail.objects.filter(host=host).exclude(safe_name=without)
    rows = JailAddress.objects.filter(jail__in=jails).select_related("jail")
    held: dict[IpAddress, str] = {}
    for row in rows:
        if (ip := _ip(row.address)) is not None:
            held.setdefault(ip, row.jail.name)
    names = dict(jails.values_list("safe_name", "name"))
    interfaces = {
        item["name"]: tuple(ip_interface(text) for text in item["addresses"])
        for item in host.facts.get("interfaces", [])
    }
    jail, came_from = (moved.safe_name, moved.host_id) if moved else (without, None)

    def why_not(ip: IpAddress) -> str:
        return why_not_held(host, str(ip), jail, came_from)

    return HostNetwork(interfaces=interfaces, held=held, names=names, why_not=why_not)


def host_flavours(host: Host) -> list[str]:
    """Return the flavours that the host had when it was last seen."""
    return list(host.facts.get("flavours", []))


def host_release(host: Host) -> Release:
    """Return the release that the host runs.

    Raises:
        Conflict: The host has not been seen yet.
    """
    try:
        return Release.parse(host.release)
    except InvalidInput as error:
        raise Conflict("The host has not told its release yet. Probe it first.") from error


def _ip(text: str) -> IpAddress | None:
    try:
        return ip_address(text)
    except ValueError:
        return None


# What a jail is on its way to, by the kind of the job that is open for it.
UNDER_WAY = {
    "jails.create": "creating",
    "jails.start": "starting",
    "jails.stop": "stopping",
    "jails.restart": "restarting",
    "jails.delete": "deleting",
    "jails.change": "changing",
    "jails.change_host": "changing",
    "jails.rename": "renaming",
    "jails.move": "moving",
}


def jails_with_jobs(jails: QuerySet[Jail]) -> QuerySet[Jail]:
    """Add to each jail what a page needs to know beside it.

    `open_job_id` is the job that is open for it, `open_kind` what it is on its way to, and `drifts_since`
    when it was first seen not to be as it is wanted.

    One whose job waits for an approval, or for its turn in a batch, is on its way to nothing yet.
    """
    jobs = Job.objects.filter(host_id=OuterRef("host_id"), subject=OuterRef("safe_name"))
    jobs = jobs.order_by("created_at")
    open_jobs = jobs.filter(state__in=OPEN_STATES)
    drifts = Drift.objects.filter(jail=OuterRef("pk")).order_by("first_seen_at")
    under_way = jobs.filter(state__in=(JobState.QUEUED, JobState.RUNNING))
    return jails.annotate(
        open_kind=Subquery(under_way.values("kind")[:1]),
        open_job_id=Subquery(open_jobs.values("pk")[:1]),
        drifts_since=Subquery(drifts.values("first_seen_at")[:1]),
    )


def shown_state(jail: Jail) -> str:
    """Return the state to show: what is under way, else what was last seen.

    A host that is away says nothing about its jails, so they are "unknown", never "stopped".
    """
    if under_way := UNDER_WAY.get(getattr(jail, "open_kind", None) or ""):
        return under_way
    if jail.missing_since:
        return "missing"
    if not jail.host.is_online or jail.observed_at is None:
        return "unknown"
    if jail.is_dying:
        return "dying"
    return "running" if jail.is_running else "stopped"
