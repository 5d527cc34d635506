"""The page of a host's firewall, of one that was applied, and taking over what is there."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import NoReverseMatch, reverse
from django.views.decorators.http import require_GET, require_http_methods

from apps.accounts.middleware import PanelRequest
from apps.accounts.permissions import Perm, denial
from apps.freebsd.errors import Conflict, ParseError
from apps.freebsd.firewall.codec import from_json
from apps.freebsd.firewall.model import Firewall
from apps.hosts.models import Host
from apps.hosts.queries import host_get
from apps.jobs.file_diff import compare_texts
from apps.network.firewall import showing
from apps.network.firewall.drift import in_force
from apps.network.firewall.services import firewall_adopt
from apps.network.models import AppliedFirewall
from apps.network.rulesets.comparing import firewall_text
from apps.pages import htmx

A_PAGE = 200
MOST_NUMBER = 2**31 - 1
CONFIRM = {"dialog": "web/_confirm.html", "confirm": "web/_confirm.html"}


@require_GET
def host_firewall(request: PanelRequest, host_id: UUID) -> HttpResponse:
    """Show a host's rules with their counters, how they stand to what is wanted, and what was applied."""
    host = host_get(actor=request.actor, host_id=host_id, need=Perm.NETWORK_VIEW)
    state = showing.state_of(host)
    lines = showing.rule_lines(state.live, was_applied=state.was_applied) if state.live else []
    sheet = Paginator(lines, A_PAGE).get_page(request.GET.get("page"))
    context: dict[str, Any] = {
        "host": host,
        "state": state,
        "lines": state.lines[: showing.MOST_LINES],
        "sheet": sheet,
        "total": len(lines),
        "nat": showing.nat_lines(state.live) if state.live else [],
        "nat_url": _url("network:host-nat", host),
        "applied": showing.applied_list(host),
        "why_not": showing.why_not(request.actor, host, state),
        "may_not_change": ""
        if request.actor.may(Perm.FIREWALL_CHANGE, host.pk)
        else denial(Perm.FIREWALL_CHANGE),
    }
    partials = {"firewall-body": "network/firewall/_body.html"}
    return htmx.render_page(request, "network/firewall/page.html", context, partials=partials)


def _url(name: str, host: Host) -> str:
    try:
        return reverse(name, args=[host.pk])
    except NoReverseMatch:
        return ""


@require_GET
def host_firewall_applied(request: PanelRequest, host_id: UUID, number: int) -> HttpResponse:
    """Show a firewall that was applied once: what it changed, and how it stands to what is there now."""
    host = host_get(actor=request.actor, host_id=host_id, need=Perm.NETWORK_VIEW)
    applied = _applied(host, number)
    before = AppliedFirewall.objects.filter(host=host, sent_at__lt=applied.sent_at, state="kept").first()
    now = showing.state_of(host).live
    text = _text(applied)
    there = firewall_text(showing.shared(in_force(now.firewall), _firewall(applied))) if now else ""
    context = {
        "host": host,
        "applied": applied,
        "before": before,
        "changed": compare_texts(_text(before), text)[: showing.MOST_LINES] if before else (),
        "since": compare_texts(there, text)[: showing.MOST_LINES],
        "why_not": "" if request.actor.may(Perm.FIREWALL_APPLY, host.pk) else denial(Perm.FIREWALL_APPLY),
    }
    return htmx.render_page(request, "network/firewall/applied.html", context)


def _applied(host: Host, number: int) -> AppliedFirewall:
    found = AppliedFirewall.objects.filter(host=host, pk=number).first() if number <= MOST_NUMBER else None
    if found is None:
        raise Http404
    return found


def _firewall(applied: AppliedFirewall) -> Firewall:
    try:
        return in_force(from_json(applied.content["firewall"]))
    except (ParseError, KeyError, TypeError):
        return Firewall()


def _text(applied: AppliedFirewall) -> str:
    return firewall_text(_firewall(applied))


@require_http_methods(["GET", "POST"])
def host_firewall_adopt(request: PanelRequest, host_id: UUID) -> HttpResponse:
    """Ask whether the rule set is to say what is on the host now; on POST, have it say that."""
    host = host_get(actor=request.actor, host_id=host_id, need=Perm.FIREWALL_CHANGE)
    why_not = ""
    if request.method == "POST":
        try:
            rule_set = firewall_adopt(actor=request.actor, host=host)
            return redirect("network:rules-detail", rule_set.pk)
        except Conflict as error:
            why_not = error.message
    page = reverse("network:host-firewall", args=[host.pk])
    state = showing.state_of(host)
    if not why_not and (state.wanted is None or state.live is None):
        why_not = "There are no rules to take over, or no rule set that could say them."
    context = {
        "title": f"Take over the rules of {host.name}",
        "message": why_not or _ADOPT.format(name=state.wanted.rule_set.name if state.wanted else ""),
        "action": request.path,
        "button": "" if why_not else "Take them over",
        "cancel_url": page,
        "crumb": "Take over",
        "crumbs": [
            ("Hosts", reverse("hosts:host-list")),
            (host.name, host.get_absolute_url()),
            ("Firewall", page),
        ],
        "host": host,
        "in_dialog": htmx.in_dialog(request) or htmx.target(request) == "confirm",
    }
    status = 409 if why_not and request.method == "POST" else 200
    return htmx.render_page(request, "web/confirm.html", context, partials=CONFIRM, status=status)


_ADOPT = (
    "The rule set “{name}” then consists of the rules that are in force on this host now, all of them "
    "written and none generated. On the host nothing changes; until it is applied, the next boot may bring "
    "other rules."
)
