"""Attaching, detaching and checking the image of a jail, each shown with its command first."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from apps.accounts.middleware import PanelRequest
from apps.freebsd.errors import Conflict
from apps.jails.agreement import agreed, fresh_key
from apps.jails.images.services import CHANGES, PERM, ImageChange, image_request
from apps.jails.models import Jail
from apps.jails.queries import jail_get
from apps.jails.views import accepted, back_to
from apps.pages import htmx


@require_http_methods(["GET", "POST"])
def jail_image(request: PanelRequest, host_id: UUID, safe_name: str, image_verb: str) -> HttpResponse:
    """Show what attaching, detaching or checking an image runs; on POST, ask for it."""
    jail = jail_get(actor=request.actor, host_id=host_id, safe_name=safe_name, need=PERM)
    change = CHANGES.get(image_verb)
    if change is None:
        raise Http404
    if request.method == "POST":
        job = image_request(actor=request.actor, jail=jail, change=change, agreed=agreed(request))
        # One that asks for a passphrase is answered on its own page.
        asks = job.steps.filter(argv__0="/usr/bin/script").exists()
        return accepted(
            request, job, job.get_absolute_url() if asks else back_to(request, jail.get_absolute_url())
        )
    if why_not := change.why_not(jail):
        raise Conflict(why_not)
    return _confirm(request, jail, change)


def _confirm(request: PanelRequest, jail: Jail, change: ImageChange) -> HttpResponse:
    plan, back = change.plan(jail), back_to(request, jail.get_absolute_url())
    context = {
        "title": f"{plan.title} on {jail.host.name}",
        "plan": plan,
        "host": jail.host,
        "button": change.label,
        "action": request.path,
        "cancel_url": back,
        "hidden": {"idempotency_key": fresh_key(), "plan_hash": plan.hash, "next": back},
        "crumbs": [
            ("Jails", reverse("jails:jail-list")),
            (jail.host.name, jail.host.get_absolute_url()),
            (jail.name, jail.get_absolute_url()),
        ],
        "in_dialog": htmx.in_dialog(request) or htmx.target(request) == "confirm",
    }
    template = "web/_confirm.html" if htmx.asked(request) else "web/confirm.html"
    return render(request, template, context)
