"""Pages on which wanted and observed stand side by side, and the two ways out."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from apps.accounts.middleware import PanelRequest
from apps.accounts.permissions import Perm, denial
from apps.freebsd.errors import Conflict
from apps.jails.agreement import agreed, fresh_key
from apps.jails.changes import why_not_now
from apps.jails.drift import queries, services
from apps.jails.drift.compare import MISSING, differences
from apps.jails.drift.listing import drift_listing, jails_shown
from apps.jails.drift.notes import file_notes
from apps.jails.drift.plans import apply_plan, heading, label
from apps.jails.models import Jail
from apps.jails.queries import jail_get, jails_with_jobs
from apps.jails.queries import jail_list as jails_of
from apps.jails.views import accepted, back_to
from apps.jobs.models import OPEN_STATES, Job
from apps.pages import htmx

CONFIRM = {"dialog": "web/_confirm.html", "confirm": "web/_confirm.html"}


@require_GET
def drift_list(request: PanelRequest) -> HttpResponse:
    """List in what the jails on the hosts that one may see are not as they are wanted."""
    listing = drift_listing(request.actor, request.GET)
    context = {
        "listing": listing,
        "jail_ids": ",".join(map(str, jails_shown(listing))) if listing.total else "",
        "listing_query": quote(listing.query.urlencode()),
        "taken_over": queries.taken_over(request.actor),
        "may_settle": request.actor.may_anywhere(Perm.JAIL_CHANGE),
    }
    partials = {"drift-list": "jails/drift/_list.html"}
    return htmx.render_page(request, "jails/drift/list.html", context, partials=partials)


@require_GET
def jail_drift(request: PanelRequest, host_id: UUID, safe_name: str) -> HttpResponse:
    """Show wanted and observed of one jail side by side."""
    jail_get(actor=request.actor, host_id=host_id, safe_name=safe_name)
    jail = jails_with_jobs(jails_of(request.actor)).get(host_id=host_id, safe_name=safe_name)
    page = _page_of(jail)
    context = {
        "jail": jail,
        "shown": queries.shown(jail),
        "is_missing": bool(jail.missing_since),
        "notes": file_notes(jail),
        "why_not": "" if request.actor.may(Perm.JAIL_CHANGE, host_id) else denial(Perm.JAIL_CHANGE),
        "why_not_now": _why_not_now(jail),
        "here": page,
    }
    partials = {"drift-body": "jails/drift/_body.html"}
    return htmx.render_page(request, "jails/drift/jail.html", context, partials=partials)


def _why_not_now(jail: Jail) -> str:
    jobs = Job.objects.filter(host_id=jail.host_id, subject=jail.safe_name, state__in=OPEN_STATES)
    return why_not_now(jail.host, jobs.first())


def _page_of(jail: Jail) -> str:
    return reverse("jails:jail-drift", args=[jail.host_id, jail.safe_name])


@require_http_methods(["GET", "POST"])
def drift_apply(request: PanelRequest, host_id: UUID, safe_name: str) -> HttpResponse:
    """Show what makes a jail as it is wanted; on POST, ask for it."""
    jail = jail_get(actor=request.actor, host_id=host_id, safe_name=safe_name, need=Perm.JAIL_CHANGE)
    fields = _fields(request, jail)
    back = back_to(request, _page_of(jail))
    if request.method == "POST":
        job = services.apply_request(actor=request.actor, jail=jail, fields=fields, agreed=agreed(request))
        return accepted(request, job, back)
    context = _frame(request, jail, back, "Apply wanted")
    try:
        plan = apply_plan(jail, fields)
    except Conflict as refused:
        context |= {"why_not": refused.message, "details": "jails/drift/_why_not.html", "button": ""}
    else:
        carried = {"idempotency_key": fresh_key(), "plan_hash": plan.hash}
        context |= {"plan": plan, "hidden": _carried(request, back) | carried}
    return htmx.render_page(request, "web/confirm.html", context, partials=CONFIRM)


@require_http_methods(["GET", "POST"])
def drift_adopt(request: PanelRequest, host_id: UUID, safe_name: str) -> HttpResponse:
    """Show what would be wanted from now on; on POST, agree to it."""
    jail = jail_get(actor=request.actor, host_id=host_id, safe_name=safe_name, need=Perm.JAIL_CHANGE)
    fields = _fields(request, jail)
    back = back_to(request, _page_of(jail))
    if request.method == "POST":
        shown = request.POST.get("shown", "")[:64]
        done = services.adopt(actor=request.actor, jail=jail, fields=fields, shown=shown)
        return _adopted(request, jail, done, back)
    found = differences(jail)
    chosen = {field: one for field, one in found.items() if field in fields}
    forgets = MISSING in chosen
    context = _frame(request, jail, back, "Forget it" if forgets else "Adopt observed")
    context |= {
        "danger": forgets,
        "details": "jails/drift/_adopt.html",
        "chosen": [(heading(field), one, queries.lines_of(jail, field)) for field, one in chosen.items()],
        "forgets": forgets,
        "hidden": _carried(request, back) | {"shown": services.seen_hash(found)},
    }
    if not chosen:
        context |= {
            "button": "",
            "why_not": "It is as it is wanted by now.",
            "details": "jails/drift/_why_not.html",
        }
    return htmx.render_page(request, "web/confirm.html", context, partials=CONFIRM)


def _adopted(request: PanelRequest, jail: Jail, fields: list[str], back: str) -> HttpResponse:
    if MISSING in fields:
        messages.info(request, f"{jail.name} is forgotten.")
        return redirect("jails:drift-list")
    messages.info(request, f"{jail.name}: wanted as it is now, {', '.join(map(label, fields))}.")
    return redirect(back)


def _fields(request: PanelRequest, jail: Jail) -> list[str]:
    """Return the one field that is asked for, or all in which the jail differs."""
    named = (request.POST if request.method == "POST" else request.GET).get("field", "")
    found = differences(jail)
    return [field for field in found if field == named] if named else list(found)


def _carried(request: PanelRequest, back: str) -> dict[str, str]:
    return {"next": back, "field": request.GET.get("field", "")[:64]}


def _frame(request: PanelRequest, jail: Jail, back: str, button: str) -> dict[str, Any]:
    return {
        "title": f"{button}: {jail.name} on {jail.host.name}",
        "host": jail.host,
        "jail": jail,
        "button": button,
        "crumb": button,
        "action": request.path,
        "cancel_url": back,
        "hidden": {},
        "in_dialog": htmx.in_dialog(request) or htmx.target(request) == "confirm",
        "crumbs": [
            ("Jails", reverse("jails:jail-list")),
            (jail.host.name, jail.host.get_absolute_url()),
            (jail.name, jail.get_absolute_url()),
            ("Drift", _page_of(jail)),
        ],
    }
