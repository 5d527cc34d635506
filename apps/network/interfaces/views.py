"""A host's network: its interfaces with whose address is whose, and the form for one more of its own."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from apps.accounts.middleware import PanelRequest
from apps.accounts.permissions import Perm, denial
from apps.freebsd.errors import PanelError
from apps.hosts.models import Host
from apps.hosts.queries import host_get
from apps.jobs.models import Job
from apps.network.interfaces.forms import AddressForm
from apps.network.interfaces.seen import hints_of, interfaces_of, rows_of
from apps.network.interfaces.services import address_add_request
from apps.network.queueing import agreed, fresh_key
from apps.pages import htmx

MOST_JAILS = 200


@require_GET
def host_network(request: PanelRequest, host_id: UUID) -> HttpResponse:
    """Show a host's interfaces and addresses as they were last seen."""
    host = host_get(actor=request.actor, host_id=host_id, need=Perm.NETWORK_VIEW)
    may = request.actor.may(Perm.ADDRESS_CHANGE, host.pk)
    rows = rows_of(host)
    context = {
        "host": host,
        "area": "hosts",
        "interfaces": interfaces_of(host, rows),
        "hints": hints_of(host, rows),
        "most": MOST_JAILS,
        "may_change": may,
        "why_not": "" if may else denial(Perm.ADDRESS_CHANGE),
    }
    partials = {"network-body": "network/interfaces/_body.html"}
    return htmx.render_page(request, "network/interfaces/page.html", context, partials=partials)


@require_http_methods(["GET", "POST"])
def host_address_add(request: PanelRequest, host_id: UUID) -> HttpResponse:
    """Show what gives the host an address of its own; on POST, ask for it once its plan was seen."""
    host = host_get(actor=request.actor, host_id=host_id, need=Perm.ADDRESS_CHANGE)
    form = _form(request, host)
    if request.method == "POST" and form.is_valid() and (job := _ask(request, host, form)):
        return redirect(job)
    if request.method == "GET" and form.is_bound:
        form.is_valid()
    context = {
        "host": host,
        "area": "hosts",
        "form": form,
        "plan": form.plan,
        "idempotency_key": request.POST.get("idempotency_key") or fresh_key(),
    }
    failed = request.method == "POST" and bool(form.errors)
    return render(request, "network/interfaces/add.html", context, status=422 if failed else 200)


def _form(request: PanelRequest, host: Host) -> AddressForm:
    """Return the form; one that a hint proposes is filled in, so that its plan stands beside it at once."""
    if request.method == "POST":
        return AddressForm(host, request.POST)
    return AddressForm(host, request.GET) if "address" in request.GET else AddressForm(host)


def _ask(request: PanelRequest, host: Host, form: AddressForm) -> Job | None:
    """Ask for the plan if it is what was shown; without one the page shows it first."""
    wish = agreed(request)
    if not wish.plan_hash:
        return None
    try:
        return address_add_request(
            actor=request.actor,
            host=host,
            interface=form.cleaned_data["interface"],
            address=form.cleaned_data["address"],
            agreed=wish,
        )
    except PanelError as error:
        form.complain(error)
        return None
