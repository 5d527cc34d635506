"""Pages of ezjail itself: what a host has of it, setting it up, and its settings."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts.middleware import PanelRequest
from apps.accounts.permissions import Perm, denial
from apps.freebsd.errors import Conflict, InvalidInput, PanelError
from apps.hosts.models import Host
from apps.hosts.queries import host_get
from apps.jails.agreement import agreed, fresh_key
from apps.jails.ezjail import forms, queries, services, settings, settings_form
from apps.jails.ezjail.forms import SetupForm
from apps.jails.ezjail.settings_form import SettingsForm
from apps.jails.ezjail.situation import HANDS_OFF, Situation, situation_of
from apps.jails.wishes import job_again
from apps.jobs.models import Job
from apps.jobs.plan import Plan
from apps.pages import htmx

SETUP, SETTINGS = "jails.ezjail_setup", "jails.ezjail_settings"
_LONGEST_QUERY = 200


@require_GET
def ezjail(request: PanelRequest, host_id: UUID) -> HttpResponse:
    """Show what a host has of ezjail, and each of its settings."""
    host = host_get(actor=request.actor, host_id=host_id)
    seen = situation_of(host)
    form = SettingsForm(seen, queries.flavours_of(host), _query(request))
    may = request.actor.may(Perm.HOST_SETUP, host.pk)
    context = {
        "host": host,
        "area": "hosts",
        "seen": seen,
        "setup": queries.setup_of(seen),
        "groups": form.groups,
        "query": _query(request),
        "unknown": settings.unknown(seen),
        "kept": settings.kept_shell(seen),
        "hands_off": HANDS_OFF.get(seen.config_is, ""),
        "may_set_up": may,
        "why_not": "" if may else denial(Perm.HOST_SETUP),
    }
    partials = {"ezjail-body": "jails/ezjail/_body.html"}
    return htmx.render_page(request, "jails/ezjail/page.html", context, partials=partials)


def _query(request: PanelRequest) -> str:
    return request.GET.get("q", "")[:_LONGEST_QUERY].replace("\0", "")


# -- setting it up ----------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
def ezjail_setup(request: PanelRequest, host_id: UUID) -> HttpResponse:
    """Show the form for setting a host up; on POST, ask for it."""
    host = host_get(actor=request.actor, host_id=host_id, need=Perm.HOST_SETUP)
    form = SetupForm(situation_of(host), _setup_data(request, host))
    plan = _setup_plan(host, form)
    if _agrees(request) and plan and form.wanted and (job := _set_up(request, host, form)):
        return redirect(job)
    return _page(request, "jails/ezjail/setup.html", host, form, plan)


@require_POST
def ezjail_setup_check(request: PanelRequest, host_id: UUID) -> HttpResponse:
    """Say what is wrong with a set-up as far as it is typed, and show its plan. Changes nothing."""
    host = host_get(actor=request.actor, host_id=host_id, need=Perm.HOST_SETUP)
    form = SetupForm(situation_of(host), request.POST)
    return _checked(request, host, form, _setup_plan(host, form))


def _setup_data(request: PanelRequest, host: Host) -> QueryDict | None:
    if request.method == "POST":
        return request.POST
    job = job_again(request, host, SETUP)
    return forms.as_typed(job.intent) if job else None


def _setup_plan(host: Host, form: SetupForm) -> Plan | None:
    if (form.is_bound and not form.is_valid()) or form.wanted is None:
        return None
    try:
        return services.setup_plan(host, form.wanted)
    except (InvalidInput, Conflict) as error:
        _complain(form, error)
        return None


def _set_up(request: PanelRequest, host: Host, form: SetupForm) -> Job | None:
    assert form.wanted  # noqa: S101  the caller has looked
    try:
        return services.ezjail_setup_request(
            actor=request.actor, host=host, wanted=form.wanted, agreed=agreed(request)
        )
    except (InvalidInput, Conflict) as error:
        _complain(form, error)
        return None


# -- its settings -----------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
def ezjail_settings(request: PanelRequest, host_id: UUID) -> HttpResponse:
    """Show the form of ezjail's settings; on POST, ask for what was changed."""
    host = host_get(actor=request.actor, host_id=host_id, need=Perm.HOST_SETUP)
    seen = situation_of(host)
    form = SettingsForm(seen, queries.flavours_of(host), _query(request), _settings_data(request, host, seen))
    plan = _settings_plan(host, seen, form)
    if _agrees(request) and plan and (job := _change(request, host, form)):
        return redirect(job)
    more = {"query": _query(request), "seen": seen}
    return _page(request, "jails/ezjail/settings.html", host, form, plan, **more)


@require_POST
def ezjail_settings_check(request: PanelRequest, host_id: UUID) -> HttpResponse:
    """Say what is wrong with changed settings as far as they are typed, and show their plan."""
    host = host_get(actor=request.actor, host_id=host_id, need=Perm.HOST_SETUP)
    seen = situation_of(host)
    form = SettingsForm(seen, queries.flavours_of(host), _query(request), request.POST)
    return _checked(request, host, form, _settings_plan(host, seen, form))


def _settings_data(request: PanelRequest, host: Host, seen: Situation) -> QueryDict | None:
    if request.method == "POST":
        return request.POST
    job = job_again(request, host, SETTINGS)
    return settings_form.as_typed(seen, job.intent["changes"]) if job else None


def _settings_plan(host: Host, seen: Situation, form: SettingsForm) -> Plan | None:
    if not form.is_bound or not form.is_valid():
        return None
    try:
        return settings.settings_plan(seen, settings_form.checked(form), queries.flavours_of(host))
    except (InvalidInput, Conflict) as error:
        _complain(form, error)
        return None


def _change(request: PanelRequest, host: Host, form: SettingsForm) -> Job | None:
    try:
        return services.ezjail_settings_request(
            actor=request.actor, host=host, changes=form.changes, agreed=agreed(request)
        )
    except (InvalidInput, Conflict) as error:
        _complain(form, error)
        return None


# -- both -------------------------------------------------------------------------------------------------


def _agrees(request: PanelRequest) -> bool:
    """Tell whether a form is sent for good; without JavaScript the first time only shows its plan."""
    return request.method == "POST" and "preview" not in request.POST


def _complain(form: SetupForm | SettingsForm, error: PanelError) -> None:
    """Put a service's complaint next to its field, or above the form."""
    if not form.is_bound:
        form.notes.append(error.message)
        return
    name = getattr(error, "field", None)
    form.add_error(name if name in form.fields else None, error.message)


def _page(
    request: PanelRequest,
    template: str,
    host: Host,
    form: SetupForm | SettingsForm,
    plan: Plan | None,
    **more: Any,
) -> HttpResponse:
    key = request.POST.get("idempotency_key") or fresh_key()
    context = {"host": host, "area": "hosts", "form": form, "plan": plan, "idempotency_key": key, **more}
    failed = request.method == "POST" and bool(form.errors)
    return render(request, template, context, status=422 if failed else 200)


def _checked(
    request: PanelRequest, host: Host, form: SetupForm | SettingsForm, plan: Plan | None
) -> HttpResponse:
    touched = set(request.POST.getlist("touched"))
    context = {"host": host, "form": form, "plan": plan, "touched": touched}
    return render(request, "jails/ezjail/_checked.html", context)
