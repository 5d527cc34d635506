"""Pages of jobs: the list, one job with its live output."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from apps.accounts.middleware import PanelRequest
from apps.accounts.permissions import Perm, denial
from apps.jobs.asking import asking
from apps.jobs.batch_queries import batch_list
from apps.jobs.models import Batch, Job, JobState
from apps.jobs.output_views import found_context, output_context
from apps.jobs.ports import job_kinds, next_links
from apps.jobs.progress import with_progress
from apps.jobs.queries import job_get, jobs_ahead
from apps.jobs.queries import job_list as jobs_of
from apps.jobs.second_person import waiting_for
from apps.jobs.services import job_cancel as job_cancel_request
from apps.pages import htmx
from apps.pages.listing import Column, Filter, Listing, ListSpec


def _spec(batch: Batch | None) -> ListSpec:
    by_batch = (Filter("batch", "Batch", ((str(batch.pk), batch.title),)),) if batch else ()
    return ListSpec(
        id="job-list",
        columns=(
            Column("title", "Job", ("title",)),
            Column("host", "Host", ("host__name",)),
            Column("state", "State", ("state",)),
            Column("progress", "Progress"),
            Column("requester", "Asked by", ("requester_name",)),
            Column("created", "Asked", ("created_at",)),
            Column("duration", "Took"),
        ),
        search=("title__icontains", "host__name__icontains", "requester_name__icontains"),
        search_label="Search jobs",
        filters=(
            Filter("state", "State", tuple(JobState.choices)),
            Filter("kind", "Kind", tuple((kind.name, kind.label) for kind in job_kinds())),
            *by_batch,
        ),
        default_sort="-created",
    )


@require_GET
def job_list(request: PanelRequest) -> HttpResponse:
    """List the jobs of the hosts that one may see."""
    rows = with_progress(jobs_of(request.actor)).select_related("host", "batch")
    listing = Listing(_spec(_batch(request)), rows, request.GET)
    return htmx.render_page(
        request, "jobs/list.html", {"listing": listing}, partials={"job-list": "jobs/_list.html"}
    )


def _batch(request: PanelRequest) -> Batch | None:
    """Return the batch that the list is narrowed to, if there is one that the person may see."""
    try:
        wanted = UUID(request.GET.get("batch", ""))
    except ValueError:
        return None
    return batch_list(request.actor).filter(pk=wanted).first()


@require_GET
def job_detail(request: PanelRequest, job_id: UUID) -> HttpResponse:
    """Show one job: its plan, its state and the end of what it printed so far."""
    job = job_get(actor=request.actor, job_id=job_id)
    output = output_context(request, job)
    return render(request, "jobs/detail.html", _status(request, job) | output | found_context(job, output))


@require_GET
def job_status(request: PanelRequest, job_id: UUID) -> HttpResponse:
    """Give the part of the page that changes while the job runs."""
    job = job_get(actor=request.actor, job_id=job_id)
    return render(request, "jobs/_status.html", _status(request, job))


@require_http_methods(["GET", "POST"])
def job_cancel(request: PanelRequest, job_id: UUID) -> HttpResponse:
    """Ask whether a job should be ended; on POST, end it."""
    job = job_get(actor=request.actor, job_id=job_id)
    request.actor.require(Perm.JOB_CANCEL, job.host_id)
    if request.method == "POST":
        job_cancel_request(actor=request.actor, job=job)
        return redirect(job)
    context = {
        "title": f"Cancel: {job.title} on {job.host.name}",
        "message": CANCEL_RUNNING if job.state == JobState.RUNNING else CANCEL_QUEUED,
        "action": request.path,
        "button": "Cancel the job",
        "danger": True,
        "cancel_url": job.get_absolute_url(),
        "in_dialog": htmx.in_dialog(request),
    }
    partials = {"dialog": "web/_confirm.html", "confirm": "web/_confirm.html"}
    return htmx.render_page(request, "web/confirm.html", context, partials=partials)


CANCEL_QUEUED = "It has not begun: nothing was run on the host, and nothing will be."
CANCEL_RUNNING = (
    "The command that runs on the host is ended, with everything that it started: TERM, and after five "
    "seconds KILL. What it has done by then stays as it is; the host is looked at afterwards."
)


def _status(request: PanelRequest, job: Job) -> dict[str, object]:
    return {
        "job": job,
        "plan": job.stored_plan,
        "ahead": jobs_ahead(job),
        "next_links": next_links(job, request.actor),
        "may_not_cancel": _may_not_cancel(request, job),
        "approval": waiting_for(request.actor, job),
        "asking": asking(request.actor, job),
    }


def _may_not_cancel(request: PanelRequest, job: Job) -> str:
    """Return why the button is greyed; empty when it may be pressed."""
    if not request.actor.may(Perm.JOB_CANCEL, job.host_id):
        return denial(Perm.JOB_CANCEL)
    return "It is being cancelled." if job.is_being_cancelled else ""
