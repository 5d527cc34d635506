"""Pages of jails: the list, one jail, and what can be done to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.db.models import Model, Q, QuerySet
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_http_methods

from apps.accounts.actor import Actor
from apps.accounts.middleware import PanelRequest
from apps.accounts.permissions import Perm
from apps.freebsd.errors import InvalidInput
from apps.hosts.models import Host, HostState
from apps.hosts.queries import host_list
from apps.jails import plans, services
from apps.jails.agreement import agreed, fresh_key
from apps.jails.archives.moments import moment
from apps.jails.archives.queries import what_goes
from apps.jails.keeping.queries import keep_days
from apps.jails.keeping.services import delete_wish, kept_delete_request
from apps.jails.models import Jail, Kind
from apps.jails.queries import jail_get, jails_with_jobs
from apps.jails.queries import jail_list as jails_of
from apps.jobs.models import Job, JobState
from apps.jobs.plan import Plan
from apps.pages import htmx
from apps.pages.listing import Column, Filter, Listing, ListSpec

_STATE = {
    "running": Q(jid__isnull=False, is_dying=False, host__state=HostState.ONLINE),
    "stopped": Q(
        Q(jid__isnull=True) | Q(is_dying=True), observed_at__isnull=False, host__state=HostState.ONLINE
    ),
    "unknown": ~Q(host__state=HostState.ONLINE) | Q(observed_at__isnull=True),
}


def _in_state(rows: QuerySet[Model], value: str) -> QuerySet[Model]:
    return rows.filter(_STATE[value])


def _on_host(rows: QuerySet[Model], value: str) -> QuerySet[Model]:
    return rows.filter(host__name=value)


def _spec(hosts: QuerySet[Host]) -> ListSpec:
    names = tuple((name, name) for name in hosts.values_list("name", flat=True))
    return ListSpec(
        id="jail-list",
        columns=(
            Column("name", "Jail", ("name", "host__name")),
            Column("host", "Host", ("host__name", "name")),
            Column("state", "State", ("jid",)),
            Column("addresses", "Addresses"),
            Column("observed", "Last read", ("observed_at",)),
            Column("actions", "", css="row-actions"),
        ),
        search=("name__icontains", "host__name__icontains", "addresses__address__icontains"),
        search_label="Search jails, hosts, addresses",
        filters=(
            Filter(
                "state",
                "State",
                (("running", "Running"), ("stopped", "Stopped"), ("unknown", "Unknown")),
                _in_state,
            ),
            Filter("host", "Host", names, _on_host),
            Filter("kind", "Kind", tuple(Kind.choices)),
        ),
    )


def jail_listing(actor: Actor, query: QueryDict) -> Listing[Jail]:
    """Return the list of the jails that one may see, as a query string narrows it."""
    rows = jails_with_jobs(jails_of(actor)).distinct()
    return Listing(_spec(host_list(actor)), rows, query)


@require_GET
def jail_list(request: PanelRequest) -> HttpResponse:
    """List the jails on the hosts that one may see."""
    hosts = host_list(request.actor)
    context = {
        "listing": jail_listing(request.actor, request.GET),
        "create_hosts": host_list(request.actor, Perm.JAIL_CREATE).filter(state=HostState.ONLINE)[:100],
        "has_hosts": hosts.exists(),
        "here": request.get_full_path(),
    }
    return htmx.render_page(request, "jails/list.html", context, partials={"jail-list": "jails/_list.html"})


@require_GET
def jail_detail(request: PanelRequest, host_id: UUID, safe_name: str) -> HttpResponse:
    """Show one jail: its state, addresses, settings and jobs."""
    jail_get(actor=request.actor, host_id=host_id, safe_name=safe_name)
    jail = jails_with_jobs(jails_of(request.actor)).get(host_id=host_id, safe_name=safe_name)
    context = {
        "jail": jail,
        "jobs": Job.objects.filter(host_id=host_id, subject=safe_name).order_by("-created_at")[:20],
        "here": jail.get_absolute_url(),
    }
    return htmx.render_page(request, "jails/detail.html", context, partials={"jail-body": "jails/_live.html"})


@dataclass(frozen=True, slots=True)
class Action:
    """Something that can be done to a jail with one confirmation.

    Args:
        perm: What one must hold.
        verb: The button's word.
        plan: The commands.
        request: The service.
    """

    perm: Perm
    verb: str
    plan: Callable[[Jail], Plan]
    request: Callable[..., Job]


START = Action(Perm.JAIL_START, "Start", plans.start_plan, services.jail_start_request)
STOP = Action(Perm.JAIL_STOP, "Stop", plans.stop_plan, services.jail_stop_request)
RESTART = Action(Perm.JAIL_STOP, "Restart", plans.restart_plan, services.jail_restart_request)


@require_http_methods(["GET", "POST"])
def jail_start(request: PanelRequest, host_id: UUID, safe_name: str) -> HttpResponse:
    """Show what starting a jail runs; on POST, ask for it."""
    return _act(request, host_id, safe_name, START)


@require_http_methods(["GET", "POST"])
def jail_stop(request: PanelRequest, host_id: UUID, safe_name: str) -> HttpResponse:
    """Show what stopping a jail runs; on POST, ask for it."""
    return _act(request, host_id, safe_name, STOP)


@require_http_methods(["GET", "POST"])
def jail_restart(request: PanelRequest, host_id: UUID, safe_name: str) -> HttpResponse:
    """Show what restarting a jail runs; on POST, ask for it."""
    return _act(request, host_id, safe_name, RESTART)


def _act(request: PanelRequest, host_id: UUID, safe_name: str, action: Action) -> HttpResponse:
    jail = jail_get(actor=request.actor, host_id=host_id, safe_name=safe_name, need=action.perm)
    if request.method == "POST":
        job = action.request(actor=request.actor, jail=jail, agreed=agreed(request))
        return accepted(request, job, back_to(request, jail.get_absolute_url()))
    return _confirm(request, jail, action.plan(jail), {"button": action.verb})


@require_http_methods(["GET", "POST"])
def jail_delete(request: PanelRequest, host_id: UUID, safe_name: str) -> HttpResponse:
    """Show what deleting a jail runs, with or without its files; on POST, ask for it."""
    jail = jail_get(actor=request.actor, host_id=host_id, safe_name=safe_name, need=Perm.JAIL_DELETE)
    wipe = (request.POST if request.method == "POST" else request.GET).get("wipe") == "yes"
    typed = request.POST.get("typed_name", "")
    error = ""
    days, at = keep_days(jail.host) if wipe else 0, moment(request.POST.get("moment", ""))
    if request.method == "POST":
        try:
            job = _delete(request, jail, wipe=wipe, days=days, at=at)
        except InvalidInput as refused:
            error = refused.message
        else:
            back = back_to(request, jail.get_absolute_url())
            # The jail's own page will be gone.
            return accepted(request, job, job.get_absolute_url() if back == jail.get_absolute_url() else back)
    plan = delete_wish(jail, at, days).plan(jail) if days else plans.delete_plan(jail, wipe=wipe)
    context = what_goes(jail) | {"wipe": wipe, "typed_value": typed, "typed_error": error, "keeps": days}
    return _confirm_delete(request, jail, plan, context, at)


def _delete(request: PanelRequest, jail: Jail, *, wipe: bool, days: int, at: str) -> Job:
    """Ask for a jail to be deleted; where a rule says so it is kept for some days."""
    actor, typed = request.actor, request.POST.get("typed_name", "")
    if not days:
        return services.jail_delete_request(
            actor=actor, jail=jail, wipe=wipe, typed_name=typed, agreed=agreed(request)
        )
    return kept_delete_request(
        actor=actor, jail=jail, at=at, days=days, typed_name=typed, agreed=agreed(request)
    )


def _confirm_delete(
    request: PanelRequest, jail: Jail, plan: Plan, context: dict[str, Any], at: str
) -> HttpResponse:
    back = back_to(request, jail.get_absolute_url())
    wipe, days = context["wipe"], context["keeps"]
    goes = "Delete and destroy its files"
    context |= {
        "button": f"Delete, keep it for {days} day{'' if days == 1 else 's'}" if days else goes,
        "crumb": "Delete",
        "danger": True,
        "typed_name": jail.name,
        "details": "jails/keeping/_goes.html",
        "hidden": {"wipe": "yes" if wipe else "no", "moment": at},
        "choices": [
            _choice(request, back, "Keep its files", "no", chosen=not wipe),
            _choice(request, back, _wiping(jail), "yes", chosen=wipe),
        ],
    }
    if not wipe:
        context["button"] = "Delete, keep its files"
    return _confirm(request, jail, plan, context, status=422 if context["typed_error"] else 200)


def _wiping(jail: Jail) -> str:
    days = keep_days(jail.host)
    return f"Destroy them after {days} day{'' if days == 1 else 's'}" if days else "Destroy its files too"


def _choice(request: PanelRequest, back: str, label: str, wipe: str, *, chosen: bool) -> dict[str, Any]:
    url = f"{request.path}?{urlencode({'wipe': wipe, 'next': back})}"
    return {"label": label, "url": url, "chosen": chosen}


def _confirm(
    request: PanelRequest, jail: Jail, plan: Plan, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    """Ask whether to run a plan; the form carries what makes it run once, and only as it was shown."""
    back = back_to(request, jail.get_absolute_url())
    carried = {
        "idempotency_key": request.POST.get("idempotency_key") or fresh_key(),
        "plan_hash": plan.hash,
        "next": back,
    }
    context |= {
        "title": f"{plan.title} on {jail.host.name}",
        "plan": plan,
        "host": jail.host,
        "action": request.path,
        "cancel_url": back,
        "hidden": context.get("hidden", {}) | carried,
        "crumbs": [
            ("Jails", reverse("jails:jail-list")),
            (jail.host.name, jail.host.get_absolute_url()),
            (jail.name, jail.get_absolute_url()),
        ],
        "in_dialog": htmx.in_dialog(request) or htmx.target(request) == "confirm",
    }
    template = "web/_confirm.html" if htmx.asked(request) else "web/confirm.html"
    return render(request, template, context, status=status)


def accepted(request: PanelRequest, job: Job, back: str) -> HttpResponse:
    """Go back to where the person was, with a word about the job: a form that was sent twice may have run.

    Of a job that waits for a second person its own page says who can approve it.
    """
    if job.state == JobState.AWAITING:
        return redirect(job)
    said = '{}: {}. <a href="{}">Watch the job</a>'
    messages.info(request, format_html(said, job.title, job.get_state_display(), job.get_absolute_url()))
    return redirect(back)


def back_to(request: PanelRequest, default: str) -> str:
    """Return the page of ours that the person came from."""
    target = request.POST.get("next") or request.GET.get("next") or ""
    safe = url_has_allowed_host_and_scheme(target, allowed_hosts=None) and target.startswith("/")
    return target if safe else default
