"""Pages of batches: the list, one batch with its jobs, and the ways to end it."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods

from apps.accounts.middleware import PanelRequest
from apps.accounts.permissions import Perm
from apps.jobs.batch_queries import Progress, batch_get, batch_jobs, progress_of
from apps.jobs.batch_queries import batch_list as batches_of
from apps.jobs.batches import batch_cancel as batch_cancel_request
from apps.jobs.batches import open_hosts
from apps.jobs.models import Batch, BatchState, Job, JobState
from apps.jobs.ports import batch_retry_url
from apps.pages import htmx
from apps.pages.listing import Column, Filter, Listing, ListSpec

BATCHES = ListSpec(
    id="batch-list",
    columns=(
        Column("title", "Batch", ("title",)),
        Column("state", "State", ("state",)),
        Column("progress", "Progress"),
        Column("requester", "Asked by", ("requester_name",)),
        Column("created", "Asked", ("created_at",)),
        Column("duration", "Took"),
    ),
    search=("title__icontains", "requester_name__icontains"),
    search_label="Search batches",
    filters=(Filter("state", "State", tuple(BatchState.choices)),),
    default_sort="-created",
)

JOBS = ListSpec(
    id="batch-body",
    columns=(
        Column("position", "Job", ("batch_position",)),
        Column("host", "Host", ("host__name", "batch_position")),
        Column("state", "State", ("state", "batch_position")),
        Column("duration", "Took"),
    ),
    search=("title__icontains", "host__name__icontains"),
    search_label="Search jobs and hosts",
    filters=(Filter("state", "State", tuple(JobState.choices)),),
)


@require_GET
def batch_list(request: PanelRequest) -> HttpResponse:
    """List the batches that have a job on a host that one may see."""
    listing = Listing(BATCHES, batches_of(request.actor), request.GET)
    shown = list(listing)
    progress = progress_of(request.actor, shown)
    context = {"listing": listing, "rows": [(batch, progress[batch.pk]) for batch in shown]}
    return htmx.render_page(
        request, "jobs/batch_list.html", context, partials={"batch-list": "jobs/_batch_list.html"}
    )


@require_GET
def batch_detail(request: PanelRequest, batch_id: UUID) -> HttpResponse:
    """Show one batch: how far it is, and its jobs in their order."""
    batch = batch_get(actor=request.actor, batch_id=batch_id)
    progress = progress_of(request.actor, [batch])[batch.pk]
    listing: Listing[Job] = Listing(JOBS, batch_jobs(actor=request.actor, batch=batch), request.GET)
    context = {"batch": batch, "progress": progress, "listing": listing, **_ways_on(request, batch, progress)}
    return htmx.render_page(
        request, "jobs/batch_detail.html", context, partials={"batch-body": "jobs/_batch_body.html"}
    )


def _ways_on(request: PanelRequest, batch: Batch, progress: Progress) -> dict[str, str]:
    return {
        "may_not_cancel": _may_not_cancel(request, batch),
        "retry_url": batch_retry_url(batch) if batch.ended_at and progress.left else "",
    }


def _may_not_cancel(request: PanelRequest, batch: Batch) -> str:
    """Return why the buttons are greyed; empty when they may be pressed, or are not there."""
    if batch.ended_at or all(request.actor.may(Perm.JOB_CANCEL, host) for host in open_hosts(batch)):
        return ""
    return "You may not cancel jobs on each host of this batch. An administrator can grant it."


@require_http_methods(["GET", "POST"])
def batch_stop(request: PanelRequest, batch_id: UUID) -> HttpResponse:
    """Ask whether no other job of a batch should begin; on POST, stop it."""
    return _end(request, batch_id, running=False)


@require_http_methods(["GET", "POST"])
def batch_cancel(request: PanelRequest, batch_id: UUID) -> HttpResponse:
    """Ask whether all jobs of a batch should be ended; on POST, end them."""
    return _end(request, batch_id, running=True)


def _end(request: PanelRequest, batch_id: UUID, *, running: bool) -> HttpResponse:
    batch = batch_get(actor=request.actor, batch_id=batch_id)
    for host_id in open_hosts(batch):
        request.actor.require(Perm.JOB_CANCEL, host_id)
    if request.method == "POST":
        batch_cancel_request(actor=request.actor, batch=batch, running=running)
        return redirect(batch)
    context = {
        "title": f"{'Cancel all' if running else 'Stop'}: {batch.title}",
        "message": CANCEL if running else STOP,
        "action": request.path,
        "button": "Cancel all jobs" if running else "Stop",
        "danger": running,
        "cancel_url": batch.get_absolute_url(),
        "in_dialog": htmx.in_dialog(request),
    }
    partials = {"dialog": "web/_confirm.html", "confirm": "web/_confirm.html"}
    return htmx.render_page(request, "web/confirm.html", context, partials=partials)


STOP = "Jobs that have not begun are cancelled. Those that run go on to their end."
CANCEL = (
    "Jobs that have not begun are cancelled. The commands that run are ended on their hosts: TERM, and after "
    "five seconds KILL. What they have done by then stays as it is; the hosts are looked at afterwards."
)
