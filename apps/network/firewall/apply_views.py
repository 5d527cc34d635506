"""Before a firewall is applied: the steps, which packets change their fate, whether the panel stays in."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from apps.accounts.middleware import PanelRequest
from apps.accounts.permissions import Perm
from apps.freebsd.errors import Conflict, InvalidInput, PanelError, ParseError
from apps.freebsd.firewall.findings import Severity
from apps.freebsd.firewall.model import Firewall
from apps.hosts.models import Host
from apps.hosts.queries import host_get
from apps.jobs.models import Job
from apps.network.firewall.drift import in_force
from apps.network.firewall.risk import CUT_OFF, Risk, risk_of
from apps.network.firewall.services import (
    LONGEST_S,
    SHORTEST_S,
    Prospect,
    Wish,
    default_seconds,
    firewall_apply_request,
    parsed_seconds,
    prospect,
)
from apps.network.firewall.showing import shared
from apps.network.queueing import agreed, fresh_key
from apps.network.rulesets.comparing import Comparison, comparison
from apps.network.rulesets.findings import Finding, findings_of
from apps.network.tracing.world import world_of
from apps.pages import htmx

MOST_NUMBER = 2**31 - 1
TYPE_IT = "Type the host's name, {name}, to apply rules that may cut the panel off."


@require_http_methods(["GET", "POST"])
def host_firewall_apply(request: PanelRequest, host_id: UUID) -> HttpResponse:
    """Show what applying a firewall runs; on POST, ask for it."""
    host = host_get(actor=request.actor, host_id=host_id, need=Perm.FIREWALL_APPLY)
    errors: dict[str, str] = {}
    wish = _wish(request, errors)
    found, why_not = _prospect(host, wish)
    findings = findings_of(in_force(found.firewall), host) if found else ()
    risk = risk_of(host, findings) if found else Risk()
    if request.method == "POST" and "look" not in request.POST and found and not errors:
        errors = _refused(request, host, risk)
        if not errors and (job := _ask(request, host, wish, errors)):
            return redirect(job)
    context = _typed(request, wish) | {
        "host": host,
        "cancel_url": reverse("network:host-firewall", args=[host.pk]),
        "why_not": why_not,
        "found": found,
        "plan": found.plan if found else None,
        "compare": _compared(host, found, findings) if found else None,
        "serious": [one for one in findings if one.severity == Severity.ERROR and one.code != CUT_OFF],
        "risk": risk,
        "errors": errors,
    }
    status = 422 if errors and request.method == "POST" else 200
    return htmx.render_page(
        request,
        "network/firewall/apply.html",
        context,
        partials={"firewall-apply": "network/firewall/_apply.html"},
        status=status,
    )


def _wish(request: PanelRequest, errors: dict[str, str]) -> Wish:
    given = request.POST if request.method == "POST" else request.GET
    again = given.get("again", "")
    number = int(again[:10]) if again.isascii() and again.isdigit() else 0
    try:
        seconds = parsed_seconds(given.get("seconds", ""))
    except InvalidInput as error:
        errors["seconds"] = error.message
        seconds = default_seconds()
    return Wish(seconds, number if 0 < number <= MOST_NUMBER else None)


def _prospect(host: Host, wish: Wish) -> tuple[Prospect | None, str]:
    try:
        return prospect(host, wish), ""
    except (InvalidInput, Conflict, ParseError) as error:
        return None, error.message


def _refused(request: PanelRequest, host: Host, risk: Risk) -> dict[str, str]:
    if risk.is_certain and request.POST.get("typed_name", "").strip() != host.name:
        return {"typed_name": TYPE_IT.format(name=host.name)}
    return {}


def _ask(request: PanelRequest, host: Host, wish: Wish, errors: dict[str, str]) -> Job | None:
    try:
        return firewall_apply_request(actor=request.actor, host=host, wish=wish, agreed=agreed(request))
    except (InvalidInput, Conflict, ParseError) as error:
        errors[getattr(error, "field", None) or "form"] = error.message
        return None


def _typed(request: PanelRequest, wish: Wish) -> dict[str, Any]:
    """Return what the form holds."""
    given = request.POST if request.method == "POST" else request.GET
    return {
        "again": wish.again,
        "seconds": given.get("seconds", "").strip()[:9] or wish.seconds,
        "shortest": SHORTEST_S,
        "longest": LONGEST_S,
        "typed_value": request.POST.get("typed_name", ""),
        "idempotency_key": request.POST.get("idempotency_key") or fresh_key(),
    }


def _compared(host: Host, found: Prospect, findings: tuple[Finding, ...]) -> Comparison | None:
    """Compare what is there with what is to be; None where the panel cannot."""
    there = in_force(found.live.firewall) if found.live else Firewall(default_allows=True)
    after = in_force(found.firewall)
    try:
        return comparison(
            shared(there, after),
            after,
            world_of(host),
            found_before=findings_of(there, host),
            found_after=findings,
        )
    except (PanelError, ValueError):
        return None
