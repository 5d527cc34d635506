"""The page on which a job that came to nothing is tried again: its fresh plan, beside the first one."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.crypto import get_random_string
from django.views.decorators.http import require_http_methods

from apps.accounts.middleware import PanelRequest
from apps.freebsd.errors import Conflict, InvalidInput
from apps.jobs import retries
from apps.jobs.models import Job
from apps.jobs.queries import job_get
from apps.pages import htmx

CONFIRM = {"dialog": "web/_confirm.html", "confirm": "web/_confirm.html"}


@require_http_methods(["GET", "POST"])
def job_retry(request: PanelRequest, job_id: UUID) -> HttpResponse:
    """Show the fresh plan for a job's wish, and what differs from the first; on POST, ask for it."""
    job = job_get(actor=request.actor, job_id=job_id)
    error = _wrong_name(request, job) if request.method == "POST" else ""
    if request.method == "POST" and not error:
        return redirect(_ask(request, job))
    context = _frame(request, job) | _what_would_run(request, job) | {"typed_error": error}
    return htmx.render_page(
        request, "web/confirm.html", context, partials=CONFIRM, status=422 if error else 200
    )


def _ask(request: PanelRequest, job: Job) -> Job:
    return retries.job_retry(
        actor=request.actor,
        job=job,
        plan_hash=request.POST.get("plan_hash", "")[:64],
        idempotency_key=request.POST.get("idempotency_key", "")[:64],
    )


def _wrong_name(request: PanelRequest, job: Job) -> str:
    name = retries.typed_name(job)
    return f"Type the name, {name}, to confirm." if request.POST.get("typed_name", "") != name else ""


def _frame(request: PanelRequest, job: Job) -> dict[str, Any]:
    return {
        "title": f"Try again: {job.title} on {job.host.name}",
        "action": request.path,
        "cancel_url": job.get_absolute_url(),
        "crumb": "Try again",
        "button": "",
        "crumbs": [("Jobs", reverse("jobs:job-list")), (job.title, job.get_absolute_url())],
        "details": "jobs/_fresh.html",
        "host": job.host,
        "job": job,
        "in_dialog": htmx.in_dialog(request) or htmx.target(request) == "confirm",
    }


def _what_would_run(request: PanelRequest, job: Job) -> dict[str, Any]:
    """Return the fresh plan with what its form carries, or in a sentence why there is none."""
    try:
        fresh = retries.retry_plan(job, request.actor)
    except (Conflict, InvalidInput) as refusal:
        return {"why_not": refusal.message}
    name = retries.typed_name(job)
    return {
        "fresh": fresh,
        "plan": fresh.plan,
        "button": "Try again",
        "danger": bool(name),
        "typed_name": name,
        "typed_value": request.POST.get("typed_name", ""),
        "hidden": {
            "idempotency_key": request.POST.get("idempotency_key") or get_random_string(32),
            "plan_hash": fresh.plan.hash,
        },
    }
