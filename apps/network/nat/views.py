"""The page of a host's NAT, and of its instances."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts.middleware import PanelRequest
from apps.accounts.permissions import Perm, denial
from apps.freebsd.errors import InvalidInput
from apps.hosts.models import Host
from apps.hosts.queries import host_get
from apps.network.models import NatInstance
from apps.network.nat import queries, services
from apps.network.nat.forms import NatForm
from apps.network.nat.page import forwards_shown, instances_shown, states
from apps.network.nat.taking_over import nat_take_over
from apps.pages import htmx
from apps.pages.listing import Column, Filter, Listing, ListSpec

FORWARDS = ListSpec(
    id="nat-forwards",
    columns=(
        Column("public", "From outside", ("proto", "public_address", "public_ports")),
        Column("to", "Leads to", ("jail", "local_address")),
        Column("nat", "Instance", ("nat__number", "proto", "public_ports")),
        Column("reach", "Reachable from outside?"),
        Column("actions", "", css="row-actions"),
    ),
    search=("jail__icontains", "local_address__icontains", "public_ports__icontains", "note__icontains"),
    search_label="Search jails, addresses, ports",
    filters=(Filter("kind", "Kind", (("port", "port"), ("addr", "address"), ("proto", "protocol"))),),
)
KEPT = "Nothing has changed on the host yet: it gets this when its firewall is applied."
_CONFIRM = {"dialog": "web/_confirm.html", "confirm": "web/_confirm.html"}


@require_GET
def host_nat(request: PanelRequest, host_id: UUID) -> HttpResponse:
    """Show a host's NAT instances, wanted beside live, and its port forwards."""
    host = host_get(actor=request.actor, host_id=host_id, need=Perm.NETWORK_VIEW)
    may = request.actor.may(Perm.FIREWALL_CHANGE, host.pk)
    listing = Listing(FORWARDS, queries.forwards(host), request.GET)
    context: dict[str, Any] = {
        "host": host,
        "listing": listing,
        "forwards": forwards_shown(host, list(listing)),
        "may_change": may,
        "why_not": "" if may else denial(Perm.FIREWALL_CHANGE),
        **states(instances_shown(host)),
    }
    partials = {"nat-forwards": "network/nat/_forwards.html", "nat-instances": "network/nat/_instances.html"}
    return htmx.render_page(request, "network/nat/page.html", context, partials=partials)


@require_http_methods(["GET", "POST"])
def host_nat_add(request: PanelRequest, host_id: UUID) -> HttpResponse:
    """Add an instance."""
    return _form(request, changeable(request, host_id), None)


@require_http_methods(["GET", "POST"])
def host_nat_change(request: PanelRequest, host_id: UUID, number: int) -> HttpResponse:
    """Change an instance."""
    host = changeable(request, host_id)
    return _form(request, host, queries.instance_get(host, number))


def _form(request: PanelRequest, host: Host, row: NatInstance | None) -> HttpResponse:
    form = NatForm(host, row, request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid() and _saved(request, host, row, form):
        messages.success(request, f"NAT instance {form.wish.number} is kept. {KEPT}")
        return redirect("network:host-nat", host.pk)
    context = {"host": host, "form": form, "row": row}
    status = 422 if form.errors else 200
    return htmx.render_page(request, "network/nat/instance.html", context, partials={}, status=status)


def _saved(request: PanelRequest, host: Host, row: NatInstance | None, form: NatForm) -> bool:
    try:
        if row is None:
            services.nat_add(actor=request.actor, host=host, wish=form.wish)
        else:
            row.host = host
            services.nat_change(actor=request.actor, nat=row, wish=form.wish)
    except InvalidInput as error:
        complain(form, error)
        return False
    return True


@require_http_methods(["GET", "POST"])
def host_nat_remove(request: PanelRequest, host_id: UUID, number: int) -> HttpResponse:
    """Ask whether an instance should go; on POST, remove it."""
    host = changeable(request, host_id)
    row = queries.instance_get(host, number)
    if request.method == "POST":
        row.host = host
        services.nat_remove(actor=request.actor, nat=row)
        messages.success(request, f"NAT instance {number} is gone. {KEPT}")
        return redirect("network:host-nat", host.pk)
    count = len(row.forwards.all())
    forwards = f"Its {count} forward{'s go' if count > 1 else ' goes'} with it. " if count else ""
    message = f"{forwards}Rules that name it deny what they match, until they are written anew."
    return confirm(request, host, f"Remove NAT instance {number}", message, "Remove the instance")


@require_POST
def host_nat_take_over(request: PanelRequest, host_id: UUID, number: int) -> HttpResponse:
    """Want an instance as it is on the host."""
    host = changeable(request, host_id)
    nat_take_over(actor=request.actor, host=host, number=number)
    messages.success(request, f"NAT instance {number} is wanted as it is on the host.")
    return redirect("network:host-nat", host.pk)


def changeable(request: PanelRequest, host_id: UUID) -> Host:
    """Return a host whose NAT the actor may change."""
    return host_get(actor=request.actor, host_id=host_id, need=Perm.FIREWALL_CHANGE)


def complain(form: Form, error: InvalidInput) -> None:
    """Put a service's complaint next to its field, or above the form."""
    form.add_error(error.field if error.field in form.fields else None, error.message)


def confirm(request: PanelRequest, host: Host, title: str, message: str, button: str) -> HttpResponse:
    """Ask whether something should go."""
    here = reverse("network:host-nat", args=[host.pk])
    context: dict[str, Any] = {
        "title": title,
        "message": f"{message} {KEPT}",
        "action": request.path,
        "button": button,
        "danger": True,
        "cancel_url": here,
        "crumb": "Remove",
        "crumbs": [
            ("Hosts", reverse("hosts:host-list")),
            (host.name, host.get_absolute_url()),
            ("NAT", here),
        ],
        "in_dialog": htmx.in_dialog(request) or htmx.target(request) == "confirm",
    }
    return htmx.render_page(request, "web/confirm.html", context, partials=_CONFIRM)
