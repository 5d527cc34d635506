"""The page before each change of this room."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from apps.accounts.middleware import PanelRequest
from apps.hosts.models import Host
from apps.jails.agreement import fresh_key
from apps.jobs.plan import Plan
from apps.pages import htmx


def host_crumbs(host: Host) -> list[tuple[str, str]]:
    """Return what leads to a page about a host's archives."""
    return [
        ("Hosts", reverse("hosts:host-list")),
        (host.name, host.get_absolute_url()),
        ("Archives", reverse("jails:host-archives", args=[host.pk])),
    ]


def confirm(
    request: PanelRequest, host: Host, plan: Plan, back: str, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    """Ask whether to run a plan; the form carries what makes it run once, and only as it was shown."""
    carried = {
        "idempotency_key": request.POST.get("idempotency_key") or fresh_key(),
        "plan_hash": plan.hash,
        "next": back,
    }
    context |= {
        "title": f"{plan.title} on {host.name}",
        "plan": plan if plan.commands else None,
        "host": host,
        "action": request.path,
        "cancel_url": back,
        "hidden": context.get("hidden", {}) | carried,
        "in_dialog": htmx.in_dialog(request) or htmx.target(request) == "confirm",
    }
    template = "web/_confirm.html" if htmx.asked(request) else "web/confirm.html"
    return render(request, template, context, status=status)
