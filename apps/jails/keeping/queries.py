"""For how long deleted jails are kept, and what is kept."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import Http404

from apps.accounts.actor import Actor
from apps.accounts.permissions import Perm
from apps.hosts.models import Host
from apps.hosts.queries import host_get
from apps.jails.models import KeepPolicy, KeptJail

MOST_DAYS = 3650


def keep_days(host: Host) -> int:
    """Return for how many days a deleted jail of a host is kept; 0 when it is not.

    The rule of its group counts before the one for all hosts.
    """
    wanted = Q(group__isnull=True)
    if host.group_id:
        wanted |= Q(group=host.group_id)
    rules: dict[int | None, int] = dict(KeepPolicy.objects.filter(wanted).values_list("group_id", "days"))
    return rules.get(host.group_id, rules.get(None, 0))


def kept_list(actor: Actor, host_id: UUID) -> QuerySet[KeptJail]:
    """Return what is kept on a host that the actor may see."""
    hosts = actor.scope(Perm.JAIL_VIEW)
    rows = KeptJail.objects.filter(host_id=host_id)
    return rows if hosts is None else rows.filter(host_id__in=hosts)


def kept_get(*, actor: Actor, host_id: UUID, kept_id: int, need: Perm) -> KeptJail:
    """Return what is kept of one jail.

    Raises:
        Http404: There is nothing that the actor may see.
        NotAllowed: The actor may see it, but not do what is needed.
    """
    host = host_get(actor=actor, host_id=host_id)
    kept = kept_list(actor, host_id).select_related("host").filter(pk=kept_id).first()
    if kept is None:
        raise Http404
    actor.require(need, host.pk)
    return kept


def policy_list() -> QuerySet[KeepPolicy]:
    """Return the rules, the one for all hosts first."""
    return KeepPolicy.objects.select_related("group").order_by("group__name")
