"""Pages that change something inside a jail: the plan first, then the job."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from apps.accounts.middleware import PanelRequest
from apps.accounts.permissions import Perm
from apps.freebsd.errors import InvalidInput
from apps.freebsd.values.inside import CommandWords
from apps.jails.agreement import agreed, fresh_key
from apps.jails.inside import services
from apps.jails.inside.forms import CommandForm, PackagesForm
from apps.jails.inside.plans import COMMAND, PACKAGES, SERVICE, Wish
from apps.jails.models import Jail
from apps.jails.queries import jail_get
from apps.jobs.plan import Plan
from apps.pages import htmx

_BUTTON = {
    "onestart": "Start",
    "onestop": "Stop",
    "onerestart": "Restart",
    "enable": "Enable",
    "disable": "Disable",
    "install": "Install",
    "upgrade": "Upgrade",
    "delete": "Remove",
    "bootstrap": "Install pkg",
    "fetch_list": "Fetch the list",
    "command": "Run it",
}


@require_http_methods(["GET", "POST"])
def jail_service(request: PanelRequest, host_id: UUID, safe_name: str) -> HttpResponse:
    """Show what changes a service of a jail; on POST, ask for it."""
    jail = _jail(request, host_id, safe_name, Perm.JAIL_INSIDE_CHANGE)
    values = request.POST if request.method == "POST" else request.GET
    name, do = values.get("name", ""), values.get("do", "")
    wish = services.wish_of(SERVICE, do, (name,))
    plan = services.inside_plan(jail, wish)
    if request.method == "POST":
        return redirect(
            services.inside_request(actor=request.actor, jail=jail, wish=wish, agreed=agreed(request))
        )
    return _confirm(request, jail, plan, wish, {"name": name, "do": do})


@require_http_methods(["GET", "POST"])
def jail_packages(request: PanelRequest, host_id: UUID, safe_name: str) -> HttpResponse:
    """Show what changes packages of a jail; on POST, preview it, then ask for it."""
    jail = _jail(request, host_id, safe_name, Perm.JAIL_INSIDE_CHANGE)
    values = request.POST if request.method == "POST" else request.GET
    do = values.get("do") or "install"
    form = PackagesForm(values) if request.method == "POST" or "names" in values else PackagesForm()
    needs_names = do in ("install", "delete")
    if (form.is_bound or not needs_names) and (answer := _packages_answer(request, jail, form, do)):
        return answer
    context = {"jail": jail, "form": form, "do": do, "button": _BUTTON.get(do, "")}
    status = 422 if form.errors else 200
    return htmx.render_page(request, "jails/inside/packages.html", context, status=status)


def _packages_answer(request: PanelRequest, jail: Jail, form: PackagesForm, do: str) -> HttpResponse | None:
    if form.is_bound and not form.is_valid():
        return None
    try:
        wish = services.wish_of(PACKAGES, do, form.words if form.is_bound else ())
        plan = services.inside_plan(jail, wish)
        if request.method == "POST" and request.POST.get("confirmed") == "yes":
            return redirect(
                services.inside_request(actor=request.actor, jail=jail, wish=wish, agreed=agreed(request))
            )
    except InvalidInput as error:
        if not form.is_bound:
            raise
        form.add_error(error.field if error.field in form.fields else None, error.message)
        return None
    return _confirm(request, jail, plan, wish, {"do": do, "names": " ".join(wish.words), "confirmed": "yes"})


@require_http_methods(["GET", "POST"])
def jail_command(request: PanelRequest, host_id: UUID, safe_name: str) -> HttpResponse:
    """Show the form for a one-off command in a jail; on POST, preview it, then ask for it."""
    jail = _jail(request, host_id, safe_name, Perm.JAIL_COMMAND)
    form = CommandForm(request.POST) if request.method == "POST" else CommandForm()
    if form.is_bound and form.is_valid() and (answer := _command_answer(request, jail, form)):
        return answer
    status = 422 if form.errors else 200
    context = {"jail": jail, "form": form}
    return htmx.render_page(request, "jails/inside/command.html", context, status=status)


def _command_answer(request: PanelRequest, jail: Jail, form: CommandForm) -> HttpResponse | None:
    line = form.cleaned_data["line"]
    try:
        wish = services.wish_of(COMMAND, "command", CommandWords.parse(line).words)
        plan = services.inside_plan(jail, wish)
        if request.POST.get("confirmed") == "yes":
            return redirect(
                services.inside_request(actor=request.actor, jail=jail, wish=wish, agreed=agreed(request))
            )
    except InvalidInput as error:
        form.add_error(error.field if error.field in form.fields else None, error.message)
        return None
    return _confirm(request, jail, plan, wish, {"line": line, "confirmed": "yes"})


def _jail(request: PanelRequest, host_id: UUID, safe_name: str, need: Perm) -> Jail:
    """Return the jail to someone who may look inside it as well."""
    jail = jail_get(actor=request.actor, host_id=host_id, safe_name=safe_name, need=Perm.JAIL_INSIDE)
    request.actor.require(need, jail.host_id)
    return jail


def _confirm(
    request: PanelRequest, jail: Jail, plan: Plan, wish: Wish, carried: Mapping[str, str]
) -> HttpResponse:
    """Ask whether to run a plan; the form carries what makes it run once, and only as it was shown."""
    back = reverse("jails:jail-inside", args=[jail.host_id, jail.safe_name])
    key = request.POST.get("idempotency_key") or fresh_key()
    context: dict[str, Any] = {
        "title": f"{plan.title} on {jail.host.name}",
        "plan": plan,
        "host": jail.host,
        "action": request.path,
        "button": _BUTTON[wish.do],
        "danger": wish.do == "delete",
        "cancel_url": back,
        "hidden": {**carried, "plan_hash": plan.hash, "idempotency_key": key},
        "crumbs": [
            ("Jails", reverse("jails:jail-list")),
            (jail.host.name, jail.host.get_absolute_url()),
            (jail.name, jail.get_absolute_url()),
            ("Inside", back),
        ],
        "in_dialog": htmx.in_dialog(request) or htmx.target(request) == "confirm",
    }
    parts = {"dialog": "web/_confirm.html", "confirm": "web/_confirm.html"}
    return htmx.render_page(request, "web/confirm.html", context, partials=parts)
