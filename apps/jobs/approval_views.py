"""Pages of the second person: what waits for them, the policies that say so, approving and rejecting."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts.middleware import PanelRequest
from apps.accounts.permissions import Perm, denial
from apps.freebsd.errors import InvalidInput
from apps.jobs import approvals, policies
from apps.jobs.batch_approvals import batches_waiting
from apps.jobs.forms import PolicyForm, RejectForm
from apps.jobs.models import ApprovalPolicy, Job, JobState
from apps.jobs.queries import job_get
from apps.jobs.queries import job_list as jobs_of
from apps.jobs.second_person import warnings_for, why_never
from apps.pages import htmx
from apps.pages.listing import Column, Listing, ListSpec

MOST_WAITING = 20
POLICIES = ListSpec(
    id="policy-list",
    columns=(
        Column("hosts", "Hosts", ("group__name", "kind")),
        Column("kind", "Kind of change", ("kind", "group__name")),
        Column("hours", "Runs out after", ("valid_h",)),
        Column("actions", "", css="row-actions"),
    ),
)
CONFIRM = {"dialog": "web/_confirm.html", "confirm": "web/_confirm.html"}


@require_POST
def job_approve(request: PanelRequest, job_id: UUID) -> HttpResponse:
    """Agree to exactly the commands that were shown."""
    job = job_get(actor=request.actor, job_id=job_id)
    approvals.job_approve(actor=request.actor, job=job, plan_hash=request.POST.get("plan_hash", ""))
    messages.success(request, f"You approved “{job.title}”.")
    return redirect(job)


@require_http_methods(["GET", "POST"])
def job_reject(request: PanelRequest, job_id: UUID) -> HttpResponse:
    """Ask why a job is rejected; on POST, end it."""
    job = job_get(actor=request.actor, job_id=job_id)
    request.actor.require(Perm.JOB_APPROVE, job.host_id)
    form = RejectForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        approvals.job_reject(actor=request.actor, job=job, reason=form.cleaned_data["reason"])
        messages.info(request, f"You rejected “{job.title}”. Nothing of it has run.")
        return redirect(job)
    context = {
        "title": f"Reject: {job.title} on {job.host.name}",
        "message": f"{job.requester_name} asked for it. Nothing of it has run, and nothing will.",
        "form": form,
        "action": request.path,
        "button": "Reject the job",
        "danger": True,
        "cancel_url": job.get_absolute_url(),
        "crumb": "Reject",
        "crumbs": [("Jobs", reverse("jobs:job-list")), (job.title, job.get_absolute_url())],
        "in_dialog": htmx.in_dialog(request) or htmx.target(request) == "confirm",
    }
    return htmx.render_page(
        request, "web/confirm.html", context, partials=CONFIRM, status=422 if form.errors else 200
    )


@require_GET
def policy_list(request: PanelRequest) -> HttpResponse:
    """Show what waits for a second person, and which changes need one."""
    actor = request.actor
    may_change = actor.may(Perm.POLICY_CHANGE)
    listing = Listing(POLICIES, policies.policy_list(actor), request.GET)
    context = {
        "listing": listing,
        "waiting": _waiting(request),
        "batches": batches_waiting(actor, MOST_WAITING),
        "may_change": may_change,
        "may_not": "" if may_change else denial(Perm.POLICY_CHANGE),
        # They name hosts and people everywhere.
        "warnings": warnings_for(listing.page.object_list) if may_change else {},
    }
    partials = {"policy-list": "jobs/_policies.html", "waiting": "jobs/_waiting.html"}
    return htmx.render_page(request, "jobs/policy_list.html", context, partials=partials)


def _waiting(request: PanelRequest) -> list[tuple[Job, str]]:
    """Return the jobs of no batch that wait, what runs out first before others.

    Each comes with why one may not approve it.
    """
    alone = jobs_of(request.actor).filter(state=JobState.AWAITING, batch__isnull=True)
    waiting = alone.order_by("approval_until")
    return [(job, why_never(request.actor, job)) for job in waiting[: MOST_WAITING + 1]]


@require_http_methods(["GET", "POST"])
def policy_add(request: PanelRequest) -> HttpResponse:
    """Ask for a second person from now on."""
    request.actor.require(Perm.POLICY_CHANGE)
    return _form(request, None)


@require_http_methods(["GET", "POST"])
def policy_change(request: PanelRequest, policy_id: int) -> HttpResponse:
    """Change a policy."""
    return _form(request, policies.policy_get(actor=request.actor, policy_id=policy_id))


def _form(request: PanelRequest, policy: ApprovalPolicy | None) -> HttpResponse:
    form = PolicyForm.about(policy) if policy else PolicyForm()
    if request.method == "POST":
        form = PolicyForm(request.POST)
        if form.is_valid() and _saved(request, form, policy):
            return redirect("jobs:policy-list")
    context = {"form": form, "policy": policy, "warning": _warning(request, policy)}
    return htmx.render_page(
        request,
        "jobs/policy_form.html",
        context,
        partials={"policy-warning": "jobs/_policy_warning.html"},
        status=422 if form.errors else 200,
    )


def _saved(request: PanelRequest, form: PolicyForm, policy: ApprovalPolicy | None) -> bool:
    try:
        if policy:
            policies.policy_change(actor=request.actor, policy=policy, rule=form.rule)
        else:
            policies.policy_add(actor=request.actor, rule=form.rule)
    except InvalidInput as error:
        form.add_error(error.field, error.message)
        return False
    messages.success(
        request, "The policy holds from now on. Jobs that wait already keep what they were told."
    )
    return True


def _warning(request: PanelRequest, policy: ApprovalPolicy | None) -> str:
    """Return on which hosts of the chosen group too few people may approve."""
    chosen = request.POST.get("group", request.GET.get("group"))
    if chosen is None:
        group_id = policy.group_id if policy else None
    else:
        group_id = int(chosen) if chosen.isascii() and chosen.isdigit() else None
    return warnings_for([ApprovalPolicy(group_id=group_id)]).get(group_id, "")


@require_http_methods(["GET", "POST"])
def policy_remove(request: PanelRequest, policy_id: int) -> HttpResponse:
    """Ask whether a policy should go; on POST, remove it."""
    policy = policies.policy_get(actor=request.actor, policy_id=policy_id)
    if request.method == "POST":
        policies.policy_remove(actor=request.actor, policy=policy)
        messages.success(request, "The policy is gone. Jobs that wait already still need their approval.")
        return redirect("jobs:policy-list")
    list_url = reverse("jobs:policy-list")
    about = f"{policies.kind_label(policy.kind)} on {policies.group_name(policy)}"
    context: dict[str, Any] = {
        "title": f"Remove the policy: {about}",
        "message": "From now on one person is enough for this, unless another policy asks for a second one. "
        "Jobs that wait already still need their approval. You can add the policy again at any time.",
        "action": request.path,
        "button": "Remove the policy",
        "danger": True,
        "cancel_url": list_url,
        "crumb": "Remove",
        "crumbs": [("Approval", list_url)],
        "in_dialog": htmx.in_dialog(request),
    }
    return htmx.render_page(request, "web/confirm.html", context, partials=CONFIRM)
