"""The list of drift over all hosts: what it can be narrowed and sorted by."""

from __future__ import annotations

from django.db.models import Model, QuerySet
from django.http import QueryDict

from apps.accounts.actor import Actor
from apps.hosts.models import Host
from apps.hosts.queries import host_list
from apps.jails.drift.compare import AT_BOOT, FILE, FSTAB, MISSING, ROOT, RUNNING
from apps.jails.drift.queries import drift_list
from apps.jails.models import Drift
from apps.pages.listing import Column, Filter, Listing, ListSpec

MOST_JAILS = 1000
VARIABLE = "variable"
_FIELDS = (
    (RUNNING, "Running or not"),
    (AT_BOOT, "Started at boot or not"),
    (VARIABLE, "A variable of the file"),
    (FILE, "Other text of the file"),
    (FSTAB, "fstab"),
    (ROOT, "Root missing"),
    (MISSING, "File missing"),
)


def _of_field(rows: QuerySet[Model], value: str) -> QuerySet[Model]:
    if value == VARIABLE:
        return rows.exclude(field__in=[field for field, _ in _FIELDS])
    return rows.filter(field=value)


def _on_host(rows: QuerySet[Model], value: str) -> QuerySet[Model]:
    return rows.filter(jail__host__name=value)


def _spec(hosts: QuerySet[Host]) -> ListSpec:
    names = tuple((name, name) for name in hosts.values_list("name", flat=True))
    return ListSpec(
        id="drift-list",
        columns=(
            Column("jail", "Jail", ("jail__name", "jail__host__name", "field")),
            Column("host", "Host", ("jail__host__name", "jail__name", "field")),
            Column("field", "What differs", ("field", "jail__name")),
            Column("wanted", "Wanted"),
            Column("observed", "Seen on the host"),
            Column("since", "First seen", ("first_seen_at", "jail__name")),
        ),
        search=(
            "jail__name__icontains",
            "jail__host__name__icontains",
            "field__icontains",
            "wanted__icontains",
            "observed__icontains",
        ),
        search_label="Search jails, hosts, fields, values",
        filters=(Filter("host", "Host", names, _on_host), Filter("field", "Kind", _FIELDS, _of_field)),
        default_sort="-since",
    )


def drift_listing(actor: Actor, query: QueryDict) -> Listing[Drift]:
    """Return the list of the differences that one may see, as a query string narrows it."""
    return Listing(_spec(host_list(actor)), drift_list(actor), query)


def jails_shown(listing: Listing[Drift]) -> list[int]:
    """Return the jails that a list is about, on all of its pages."""
    return list(listing.rows.order_by("jail_id").values_list("jail_id", flat=True).distinct()[:MOST_JAILS])
