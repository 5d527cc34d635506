"""Pages on which a basejail is installed. They show their plan while one types."""

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
from apps.jails.agreement import agreed, fresh_key
from apps.jails.basejail import services
from apps.jails.basejail.forms import BasejailForm
from apps.jails.wishes import filled_in
from apps.jobs.models import Job
from apps.jobs.plan import Plan


@require_http_methods(["GET", "POST"])
def basejail_install(request: PanelRequest, host_id: UUID) -> HttpResponse:
    """Show the form for installing the basejail; on POST, ask for it."""
    host = host_get(actor=request.actor, host_id=host_id, need=Perm.BASEJAIL_INSTALL)
    posted = request.method == "POST"
    form = BasejailForm(host, filled_in(request, host, "jails.basejail_install"))
    plan = _basejail_plan(host, form)
    if posted and plan and (job := _install(request, host, form)):
        return redirect(job)
    return _page(request, "jails/basejail/install.html", host, form, plan)


@require_POST
def basejail_check(request: PanelRequest, host_id: UUID) -> HttpResponse:
    """Say what is wrong with the wish as far as it is typed, and show its plan. Changes nothing."""
    host = host_get(actor=request.actor, host_id=host_id, need=Perm.BASEJAIL_INSTALL)
    form = BasejailForm(host, request.POST)
    return _checked(request, "jails/basejail/_install_checked.html", host, form, _basejail_plan(host, form))


def _install(request: PanelRequest, host: Host, form: BasejailForm) -> Job | None:
    try:
        return services.basejail_install_request(
            actor=request.actor, host=host, wish=form.wish, agreed=agreed(request)
        )
    except (InvalidInput, Conflict) as error:
        _complain(form, error)
        return None


def _basejail_plan(host: Host, form: BasejailForm) -> Plan | None:
    """Return the plan for what is typed, or for the form's first values."""
    if form.is_bound and not form.is_valid():
        return None
    try:
        return services.basejail_plan(host, form.wish)
    except services.NotReadYet as error:
        form.pending = error.message
        return None
    except (InvalidInput, Conflict) as error:
        _complain(form, error)
        return None


def _complain(form: BasejailForm, error: PanelError) -> None:
    """Put a service's complaint next to its field, or above the form."""
    if not form.is_bound:
        form.notes.append(error.message)
        return
    name = getattr(error, "field", None)
    form.add_error(name if name in form.fields else None, error.message)


def _page(
    request: PanelRequest, template: str, host: Host, form: BasejailForm, plan: Plan | None
) -> HttpResponse:
    key = request.POST.get("idempotency_key") or fresh_key()
    context: dict[str, Any] = {"host": host, "form": form, "plan": plan, "idempotency_key": key}
    failed = request.method == "POST" and bool(form.errors)
    return render(request, template, context, status=422 if failed else 200)


def _checked(
    request: PanelRequest, template: str, host: Host, form: BasejailForm, plan: Plan | None
) -> HttpResponse:
    touched = set(request.POST.getlist("touched"))
    context: dict[str, Any] = {"host": host, "form": form, "plan": plan, "touched": touched}
    return render(request, template, context)
