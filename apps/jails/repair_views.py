"""Pages on which something half made is finished, undone, or left as it is."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from apps.accounts.middleware import PanelRequest
from apps.freebsd.errors import Conflict, InvalidInput
from apps.hosts.models import Host
from apps.hosts.queries import host_get
from apps.jails import remains
from apps.jails.agreement import agreed, fresh_key
from apps.jails.repair_kinds import Finding, Repair
from apps.jobs.models import Job
from apps.jobs.queries import job_get, job_list
from apps.pages import htmx

CONFIRM = {"dialog": "web/_confirm.html", "confirm": "web/_confirm.html"}


@require_http_methods(["GET", "POST"])
def repair(request: PanelRequest, host_id: UUID, key: str, way: str) -> HttpResponse:
    """Show what mends something half made; on POST, ask for it."""
    host = host_get(actor=request.actor, host_id=host_id)
    origin = _origin(request, host)
    error = ""
    if request.method == "POST":
        try:
            return redirect(_ask(request, host, key, way, origin))
        except InvalidInput as refused:
            error = refused.message
    context = _frame(request, host, origin) | _what_would_run(request, host, key, way, origin)
    return htmx.render_page(
        request,
        "web/confirm.html",
        context | {"typed_error": error},
        partials=CONFIRM,
        status=422 if error else 200,
    )


def _origin(request: PanelRequest, host: Host) -> Job | None:
    """Return the job that left it, when the person comes from its page."""
    named = (request.POST if request.method == "POST" else request.GET).get("job", "")
    try:
        job_id = UUID(named)
    except ValueError:
        return None
    jobs = job_list(request.actor).prefetch_related("steps")
    return jobs.filter(pk=job_id, host=host).first()


def _ask(request: PanelRequest, host: Host, key: str, way: str, origin: Job | None) -> Job:
    return remains.repair_request(
        actor=request.actor,
        host=host,
        key=key,
        way=way,
        origin=origin,
        typed_name=request.POST.get("typed_name", ""),
        agreed=agreed(request),
    )


def _frame(request: PanelRequest, host: Host, origin: Job | None) -> dict[str, Any]:
    back = origin.get_absolute_url() if origin else host.get_absolute_url()
    title = f"Mend what was left on {host.name}"
    return {
        "title": title,
        "action": request.path,
        "button": "",
        "cancel_url": back,
        "crumb": "Mend",
        "crumbs": [("Hosts", reverse("hosts:host-list")), (host.name, host.get_absolute_url())],
        "details": "jails/_repair.html",
        "host": host,
        "in_dialog": htmx.in_dialog(request) or htmx.target(request) == "confirm",
    }


def _what_would_run(
    request: PanelRequest, host: Host, key: str, way: str, origin: Job | None
) -> dict[str, Any]:
    """Return the plan with what its form carries, or in a sentence why there is none."""
    try:
        finding, chosen = remains.find(host, key, way, origin)
    except Conflict as refusal:
        return {"why_not": refusal.message}
    request.actor.require(chosen.perm, host.pk)
    return _form(request, finding, chosen, origin)


def _form(request: PanelRequest, finding: Finding, chosen: Repair, origin: Job | None) -> dict[str, Any]:
    carried = {
        "idempotency_key": request.POST.get("idempotency_key") or fresh_key(),
        "plan_hash": chosen.plan.hash,
        "job": str(origin.pk) if origin else "",
    }
    return {
        "finding": finding,
        "plan": chosen.plan,
        "button": chosen.label,
        "danger": bool(chosen.typed_name),
        "typed_name": chosen.typed_name,
        "typed_value": request.POST.get("typed_name", ""),
        "hidden": carried,
    }


@require_POST
def leave(request: PanelRequest, job_id: UUID, key: str) -> HttpResponse:
    """Note that someone looked at what a job left, and leaves it so."""
    job = job_get(actor=request.actor, job_id=job_id)
    remains.finding_leave(actor=request.actor, job=job, key=key)
    messages.info(request, "Noted: it stays as it is. The host's page goes on showing it.")
    return redirect(job)
