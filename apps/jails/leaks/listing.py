"""The list of jails that leak: what it can be narrowed and sorted by."""

from __future__ import annotations

from django.db.models import Model, Q, QuerySet
from django.http import QueryDict

from apps.accounts.actor import Actor
from apps.hosts.models import Host
from apps.hosts.queries import host_list
from apps.jails.leaks.queries import leak_list
from apps.jails.models import Jail
from apps.jails.queries import jails_with_jobs
from apps.pages.listing import Column, Filter, Listing, ListSpec

_RUNS = {"yes": Q(jid__isnull=False, is_dying=False), "no": Q(jid__isnull=True) | Q(is_dying=True)}


def _on_host(rows: QuerySet[Model], value: str) -> QuerySet[Model]:
    return rows.filter(host__name=value)


def _running(rows: QuerySet[Model], value: str) -> QuerySet[Model]:
    return rows.filter(_RUNS[value])


def _spec(hosts: QuerySet[Host]) -> ListSpec:
    names = tuple((name, name) for name in hosts.values_list("name", flat=True))
    return ListSpec(
        id="leak-list",
        columns=(
            Column("jail", "Jail", ("name", "host__name")),
            Column("host", "Host", ("host__name", "name")),
            Column("state", "State", ("jid",)),
            Column("leak", "“localhost” inside"),
            Column("listens", "What listens there"),
            Column("actions", "", css="row-actions"),
        ),
        search=("name__icontains", "host__name__icontains", "addresses__address__icontains"),
        search_label="Search jails, hosts, addresses",
        filters=(
            Filter("host", "Host", names, _on_host),
            Filter("running", "State", (("yes", "Running"), ("no", "Not running")), _running),
        ),
    )


def leak_listing(actor: Actor, query: QueryDict) -> Listing[Jail]:
    """Return the list of the jails that leak, as a query string narrows it."""
    return Listing(_spec(host_list(actor)), jails_with_jobs(leak_list(actor)).distinct(), query)
