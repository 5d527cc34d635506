"""The page on which a new jail is made. It shows its plan while one types."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from apps.accounts.middleware import PanelRequest
from apps.accounts.permissions import Perm
from apps.freebsd.errors import Conflict, InvalidInput, PanelError
from apps.hosts.models import Host
from apps.hosts.queries import host_get
from apps.jails import services
from apps.jails.agreement import agreed, fresh_key
from apps.jails.forms import JailForm
from apps.jails.presets.queries import preset_of, presets_for
from apps.jails.presets.words import missing_of
from apps.jails.wishes import filled_in
from apps.jobs.models import Job
from apps.jobs.plan import Plan

MOST_PRESETS = 50


@require_http_methods(["GET", "POST"])
def jail_create(request: PanelRequest, host_id: UUID) -> HttpResponse:
    """Show the form for a new jail; on POST, ask for it."""
    host = host_get(actor=request.actor, host_id=host_id, need=Perm.JAIL_CREATE)
    if "add_row" in request.POST or "fill_in" in request.POST:
        return _page(request, "jails/create.html", host, JailForm.with_another_row(host, request.POST), None)
    preset = preset_of(host, request.GET.get("preset", ""))
    form = JailForm(
        host, filled_in(request, host, "jails.create"), initial=preset.choices if preset else None
    )
    if preset:
        form.notes += missing_of(host, preset)
    if request.method == "POST" and (
        job := _sent_before(request, host, form) or _create(request, host, form)
    ):
        return redirect(job)
    return _page(request, "jails/create.html", host, form, _jail_plan(form))


@require_POST
def jail_check(request: PanelRequest, host_id: UUID) -> HttpResponse:
    """Say what is wrong with a new jail as far as it is typed, and show its plan. Changes nothing."""
    host = host_get(actor=request.actor, host_id=host_id, need=Perm.JAIL_CREATE)
    form = JailForm(host, request.POST)
    form.is_valid()
    return _checked(request, "jails/_create_checked.html", host, form, _jail_plan(form))


def _sent_before(request: PanelRequest, host: Host, form: JailForm) -> Job | None:
    """Find the job of a form that is sent twice: by now its name and addresses are that jail's."""
    wanted = form.as_typed()
    if wanted is None:
        return None
    return services.jail_create_find(actor=request.actor, host=host, wanted=wanted, agreed=agreed(request))


def _create(request: PanelRequest, host: Host, form: JailForm) -> Job | None:
    if not form.is_valid() or form.wanted is None:
        return None
    try:
        return services.jail_create_request(
            actor=request.actor, host=host, wanted=form.wanted, agreed=agreed(request)
        )
    except (InvalidInput, Conflict) as error:
        _complain(form, error)
        return None


def _jail_plan(form: JailForm) -> Plan | None:
    if not form.is_bound or not form.is_valid() or form.wanted is None:
        return None
    try:
        return form.wanted.plan(form.host)
    except InvalidInput as error:
        form.add_error(None, error.message)
        return None


def _complain(form: JailForm, error: PanelError) -> None:
    """Put a service's complaint next to its field, or above the form."""
    if not form.is_bound:
        form.notes.append(error.message)
        return
    name = getattr(error, "field", None)
    if name and name.startswith(("address-", "interface-")):
        form.row_error(name, error.message)
        return
    form.add_error(name if name in form.fields else None, error.message)


def _page(
    request: PanelRequest, template: str, host: Host, form: JailForm, plan: Plan | None
) -> HttpResponse:
    key = request.POST.get("idempotency_key") or fresh_key()
    context: dict[str, Any] = {
        "host": host,
        "form": form,
        "plan": plan,
        "idempotency_key": key,
        "presets": presets_for(host)[:MOST_PRESETS],
        "preset_id": request.GET.get("preset", ""),
    }
    failed = request.method == "POST" and bool(form.errors)
    return render(request, template, context, status=422 if failed else 200)


def _checked(
    request: PanelRequest, template: str, host: Host, form: JailForm, plan: Plan | None
) -> HttpResponse:
    touched = set(request.POST.getlist("touched"))
    context: dict[str, Any] = {"host": host, "form": form, "plan": plan, "touched": touched}
    return render(request, template, context)
