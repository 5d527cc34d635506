"""Adding, changing and removing port forwards."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from apps.accounts.middleware import PanelRequest
from apps.freebsd.errors import InvalidInput
from apps.hosts.models import Host
from apps.network.models import NatInstance, PortForward
from apps.network.nat import queries, services
from apps.network.nat.forms import ForwardForm
from apps.network.nat.page import forwards_shown
from apps.network.nat.views import KEPT, changeable, complain, confirm
from apps.network.nat.words import forward_words
from apps.pages import htmx


@require_http_methods(["GET", "POST"])
def host_nat_forward_add(request: PanelRequest, host_id: UUID, number: int) -> HttpResponse:
    """Add a forward to an instance."""
    host = changeable(request, host_id)
    return _form(request, host, queries.instance_get(host, number), None)


@require_http_methods(["GET", "POST"])
def host_nat_forward_change(request: PanelRequest, host_id: UUID, forward_id: int) -> HttpResponse:
    """Change a forward."""
    host = changeable(request, host_id)
    row = queries.forward_get(host, forward_id)
    return _form(request, host, row.nat, row)


def _form(request: PanelRequest, host: Host, nat: NatInstance, row: PortForward | None) -> HttpResponse:
    nat.host = host
    form = ForwardForm(host, row, request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid() and (saved := _saved(request, nat, row, form)):
        messages.success(request, f"{forward_words(saved)} is kept. {KEPT}")
        for note in forwards_shown(host, [saved])[0].notes:
            messages.warning(request, note)
        return redirect("network:host-nat", host.pk)
    context = {"host": host, "nat": nat, "form": form, "row": row}
    status = 422 if form.errors else 200
    return htmx.render_page(request, "network/nat/forward.html", context, partials={}, status=status)


def _saved(
    request: PanelRequest, nat: NatInstance, row: PortForward | None, form: ForwardForm
) -> PortForward | None:
    try:
        if row is None:
            return services.forward_add(actor=request.actor, nat=nat, wish=form.wish)
        return services.forward_change(actor=request.actor, forward=row, wish=form.wish)
    except InvalidInput as error:
        complain(form, error)
        return None


@require_http_methods(["GET", "POST"])
def host_nat_forward_remove(request: PanelRequest, host_id: UUID, forward_id: int) -> HttpResponse:
    """Ask whether a forward should go; on POST, remove it."""
    host = changeable(request, host_id)
    row = queries.forward_get(host, forward_id)
    row.nat.host = host
    if request.method == "POST":
        services.forward_remove(actor=request.actor, forward=row)
        messages.success(request, f"{forward_words(row)} is gone. {KEPT}")
        return redirect("network:host-nat", host.pk)
    message = f"{forward_words(row)}: nobody outside reaches this any more."
    return confirm(request, host, "Remove this forward", message, "Remove the forward")
