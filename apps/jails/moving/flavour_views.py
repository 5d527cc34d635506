"""The page on which a flavour is copied to another host."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from apps.accounts.middleware import PanelRequest
from apps.accounts.permissions import Perm
from apps.freebsd.errors import Conflict, InvalidInput
from apps.freebsd.values import FlavourName
from apps.hosts.models import Host
from apps.hosts.queries import host_get
from apps.jails.agreement import agreed, fresh_key
from apps.jails.archives.moments import moment
from apps.jails.moving.choosing import choices, chosen
from apps.jails.moving.flavours import FlavourWish, flavour_copy_request, why_not_flavour_to
from apps.jails.moving.queries import hosts_for
from apps.jails.queries import host_flavours
from apps.jobs.batches import batch_find


@require_http_methods(["GET", "POST"])
def flavour_copy(request: PanelRequest, host_id: UUID, flavour: str) -> HttpResponse:
    """Choose the host that a flavour is copied to; on POST of shown plans, ask for it."""
    host = host_get(actor=request.actor, host_id=host_id, need=Perm.FLAVOUR_CHANGE)
    if flavour not in host_flavours(host):
        raise Http404
    if asked_before := batch_find(actor=request.actor, idempotency_key=agreed(request).idempotency_key):
        return redirect(asked_before)
    offered = choices(
        hosts_for(request.actor), lambda target: why_not_flavour_to(request.actor, host, target)
    )
    target = chosen(request, offered)
    wish = _wish(request, host, target, flavour) if target else None
    problem = ""
    if wish and request.POST.get("plan_hash"):
        try:
            return redirect(flavour_copy_request(actor=request.actor, wish=wish, agreed=agreed(request)))
        except (InvalidInput, Conflict) as error:
            problem = error.message
    return _page(request, (host, flavour), {"choices": offered, "problem": problem}, wish)


def _wish(request: PanelRequest, host: Host, target: Host, flavour: str) -> FlavourWish:
    data = request.POST if request.method == "POST" else request.GET
    return FlavourWish(
        host, target, FlavourName.parse(flavour), data.get("overwrite") == "yes", moment(data.get("at", ""))
    )


def _page(
    request: PanelRequest, what: tuple[Host, str], context: dict[str, object], wish: FlavourWish | None
) -> HttpResponse:
    source, flavour = what
    is_there = wish is not None and str(wish.name) in host_flavours(wish.target)
    is_clear = wish is not None and (wish.overwrite or not is_there)
    context |= {
        "source": source,
        "flavour": flavour,
        "target": wish.target if wish else None,
        "wish": wish,
        "is_there": is_there,
        "plans": list(zip(wish.hosts, wish.plans, strict=True)) if wish and is_clear else [],
        "cancel_url": reverse("jails:flavour-detail", args=[source.pk, flavour]),
        "idempotency_key": request.POST.get("idempotency_key") or fresh_key(),
    }
    return render(request, "jails/moving/flavour.html", context, status=422 if context["problem"] else 200)
