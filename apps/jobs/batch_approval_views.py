"""The page on which the jobs of a batch that wait for a second person are decided together."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from apps.accounts.middleware import PanelRequest
from apps.freebsd.errors import NotAllowed
from apps.jobs import batch_approvals
from apps.jobs.batch_approvals import MOST_AT_ONCE, batch_waiting, hash_of, why_not_batch
from apps.jobs.batch_queries import batch_get
from apps.jobs.forms import RejectForm
from apps.jobs.models import Batch
from apps.pages import htmx


@require_http_methods(["GET", "POST"])
def batch_approve(request: PanelRequest, batch_id: UUID) -> HttpResponse:
    """Show what waits, with all its commands; on POST, agree to exactly that."""
    batch = _batch(request, batch_id)
    if request.method == "POST":
        count = batch_approvals.batch_approve(
            actor=request.actor, batch=batch, seen=request.POST.get("seen", "")
        )
        messages.success(request, f"You approved {count} job{'' if count == 1 else 's'} of “{batch.title}”.")
        return _on(request, batch)
    waiting = batch_waiting(request.actor, batch)
    jobs = list(waiting[:MOST_AT_ONCE])
    left = waiting.count() - len(jobs)
    context = {"batch": batch, "jobs": jobs, "seen": hash_of(jobs), "left": left, "area": "approval"}
    return htmx.render_page(request, "jobs/batch_approve.html", context)


@require_http_methods(["GET", "POST"])
def batch_reject(request: PanelRequest, batch_id: UUID) -> HttpResponse:
    """Ask why the jobs that were shown are rejected; on POST, end them."""
    batch = _batch(request, batch_id)
    form = RejectForm(request.POST if request.method == "POST" else None)
    seen = (request.POST if request.method == "POST" else request.GET).get("seen", "")
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data["reason"]
        count = batch_approvals.batch_reject(actor=request.actor, batch=batch, seen=seen, reason=reason)
        messages.info(request, f"You rejected {count} job{'' if count == 1 else 's'} of “{batch.title}”.")
        return _on(request, batch)
    approve_url = reverse("jobs:batch-approve", args=[batch.pk])
    context = {
        "title": f"Reject: {batch.title}",
        "message": f"{batch.requester_name} asked for it. Those that were shown are over then; nothing of "
        "them has run, and nothing will.",
        "form": form,
        "hidden": {"seen": seen},
        "action": request.path,
        "button": "Reject them",
        "danger": True,
        "cancel_url": approve_url,
        "crumb": "Reject",
        "crumbs": [("Approval", reverse("jobs:policy-list")), (batch.title, approve_url)],
        "in_dialog": htmx.in_dialog(request) or htmx.target(request) == "confirm",
    }
    partials = {"dialog": "web/_confirm.html", "confirm": "web/_confirm.html"}
    return htmx.render_page(
        request, "web/confirm.html", context, partials=partials, status=422 if form.errors else 200
    )


def _batch(request: PanelRequest, batch_id: UUID) -> Batch:
    batch = batch_get(actor=request.actor, batch_id=batch_id)
    if reason := why_not_batch(request.actor, batch):
        raise NotAllowed(reason)
    return batch


def _on(request: PanelRequest, batch: Batch) -> HttpResponse:
    """Go on to what else of it waits, or back to the batch."""
    if batch_waiting(request.actor, batch).exists():
        return redirect("jobs:batch-approve", batch.pk)
    return redirect(batch)
