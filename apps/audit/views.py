"""The page of the record."""

from __future__ import annotations

from django.db.models import QuerySet
from django.http import HttpResponse
from django.views.decorators.http import require_GET

from apps.accounts.middleware import PanelRequest
from apps.accounts.permissions import Perm, denial
from apps.audit.models import AuditEvent
from apps.audit.queries import action_choices, object_type_choices
from apps.audit.queries import event_list as events_of
from apps.freebsd.errors import NotAllowed
from apps.pages import htmx
from apps.pages.listing import Column, Filter, Listing, ListSpec


def _spec(events: QuerySet[AuditEvent]) -> ListSpec:
    return ListSpec(
        id="event-list",
        columns=(
            Column("at", "When", ("sequence",)),
            Column("actor", "Who", ("actor_name",)),
            Column("action", "What", ("action",)),
            Column("object", "On", ("object_name",)),
            Column("detail", "Detail"),
            Column("job", "", css="row-actions"),
        ),
        search=(
            "actor_name__icontains",
            "action__icontains",
            "object_name__icontains",
            "address__icontains",
        ),
        search_label="Search person, action, object or address",
        filters=(
            Filter("action", "Action", action_choices(events)),
            Filter("object_type", "Kind of object", object_type_choices(events)),
        ),
        default_sort="-at",
    )


@require_GET
def event_list(request: PanelRequest) -> HttpResponse:
    """List who did what, newest first."""
    if not request.actor.may_anywhere(Perm.AUDIT_VIEW):
        raise NotAllowed(denial(Perm.AUDIT_VIEW))
    events = events_of(request.actor)
    listing = Listing(_spec(events), events, request.GET)
    return htmx.render_page(
        request, "audit/list.html", {"listing": listing}, partials={"event-list": "audit/_list.html"}
    )
