"""Pages of the leak guard: the list, and what listens in one of its jails right now."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from apps.accounts.middleware import PanelRequest
from apps.accounts.permissions import Perm
from apps.freebsd.errors import PanelError
from apps.jails.inside.looking import look_now
from apps.jails.inside.reaching import reached
from apps.jails.leaks.listing import leak_listing
from apps.jails.queries import jail_get
from apps.pages import htmx


@require_GET
def leak_list(request: PanelRequest) -> HttpResponse:
    """List the jails whose “localhost” is a public address, on the hosts that one may see."""
    context = {"listing": leak_listing(request.actor, request.GET)}
    partials = {"leak-list": "jails/leaks/_list.html"}
    return htmx.render_page(request, "jails/leaks/list.html", context, partials=partials)


@require_GET
def leak_look(request: PanelRequest, host_id: UUID, safe_name: str) -> HttpResponse:
    """Ask the host once what listens on public addresses of a jail; nothing of it is kept."""
    jail = jail_get(actor=request.actor, host_id=host_id, safe_name=safe_name, need=Perm.JAIL_INSIDE)
    context: dict[str, object] = {"jail": jail}
    try:
        now = look_now(jail)
    except PanelError as error:
        context["problem"] = error.message
    else:
        context |= {"now": now, "open_ports": reached(jail, now.ports or ())}
    return render(request, "jails/leaks/_look.html", context)
