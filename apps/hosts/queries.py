"""Reads of hosts, narrowed to what the actor may see."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404

from apps.accounts.actor import Actor
from apps.accounts.permissions import Perm
from apps.hosts.models import Host


def host_list(actor: Actor, need: Perm = Perm.HOST_VIEW) -> QuerySet[Host]:
    """Return the hosts on which the actor holds `need`, by name."""
    hosts = actor.scope(need)
    rows = Host.objects.order_by("name")
    return rows if hosts is None else rows.filter(pk__in=hosts)


def host_get(*, actor: Actor, host_id: UUID, need: Perm = Perm.HOST_VIEW) -> Host:
    """Return one host.

    Raises:
        Http404: There is none that the actor may see.
        NotAllowed: The actor may see it, but not do what is needed.
    """
    host = host_list(actor).filter(pk=host_id).first()
    if host is None:
        raise Http404
    actor.require(need, host.pk)
    return host
