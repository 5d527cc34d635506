"""Pages of a host's flavours: the list, one with its tree, a file of it, and what changes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from apps.accounts.middleware import PanelRequest
from apps.accounts.permissions import Perm, denial
from apps.freebsd.errors import InvalidInput, PanelError
from apps.freebsd.values import FlavourName
from apps.freebsd.values.flavour_path import FlavourPath
from apps.hosts.models import Host
from apps.hosts.queries import host_get
from apps.jails.agreement import agreed, fresh_key
from apps.jails.flavours import plans, services
from apps.jails.flavours.forms import FileForm, NewFlavourForm
from apps.jails.flavours.queries import (
    Flavour,
    file_get,
    flavour_get,
    flavour_list,
    flavours_dir,
    is_cut,
)
from apps.jails.flavours.reading import read_text
from apps.jobs.plan import Plan
from apps.pages import htmx


@require_GET
def flavours(request: PanelRequest, host_id: UUID) -> HttpResponse:
    """List the flavours of a host."""
    host = host_get(actor=request.actor, host_id=host_id)
    context = _frame(request, host) | {"flavours": flavour_list(host), "is_cut": is_cut(host)}
    partials = {"flavours": "jails/flavours/_list.html"}
    return htmx.render_page(request, "jails/flavours/list.html", context, partials=partials)


@require_GET
def flavour_detail(request: PanelRequest, host_id: UUID, flavour: str) -> HttpResponse:
    """Show a flavour's tree, and the jails that were made with it."""
    host = host_get(actor=request.actor, host_id=host_id)
    found = flavour_get(host, flavour)
    context = _frame(request, host) | {
        "flavour": found,
        "is_cut": is_cut(host),
        "directory": f"{flavours_dir(host)}/{found.name}",
    }
    partials = {"flavour-body": "jails/flavours/_body.html"}
    return htmx.render_page(request, "jails/flavours/detail.html", context, partials=partials)


def _frame(request: PanelRequest, host: Host) -> dict[str, Any]:
    may = request.actor.may(Perm.FLAVOUR_CHANGE, host.pk)
    return {
        "host": host,
        "area": "hosts",
        "may_change": may,
        "why_not": "" if may else denial(Perm.FLAVOUR_CHANGE),
        "list_url": reverse("jails:flavour-list", args=[host.pk]),
    }


# -- a file ---------------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
def flavour_file(request: PanelRequest, host_id: UUID, flavour: str) -> HttpResponse:
    """Show a text file of a flavour as it is now; on POST, preview its change, then ask for it."""
    host, found = _gate(request, host_id, flavour)
    entry = file_get(found, (request.POST if request.method == "POST" else request.GET).get("path", ""))
    if request.method == "POST":
        form = FileForm(request.POST)
        if answer := _written(request, host, found, form):
            return answer
        return _file_page(request, host, found, form, entry.path, status=422)
    try:
        text = read_text(host, f"{flavours_dir(host)}/{found.name}/{entry.path}")
    except PanelError as error:
        return _file_page(request, host, found, None, entry.path, problem=error.message)
    form = FileForm(initial={"path": entry.path, "content": text})
    return _file_page(request, host, found, form, entry.path)


@require_http_methods(["GET", "POST"])
def flavour_file_new(request: PanelRequest, host_id: UUID, flavour: str) -> HttpResponse:
    """Show the form for a new file of a flavour; on POST, preview it, then ask for it."""
    host, found = _gate(request, host_id, flavour)
    if request.method == "POST":
        form = FileForm(request.POST)
        if form.is_valid() and found.entry(str(form.cleaned_data["path"])):
            form.add_error("path", "The flavour has this already.")
        if answer := _written(request, host, found, form):
            return answer
        return _file_page(request, host, found, form, "", status=422)
    return _file_page(request, host, found, FileForm(initial={"path": request.GET.get("path", "")}), "")


def _written(request: PanelRequest, host: Host, flavour: Flavour, form: FileForm) -> HttpResponse | None:
    """Preview what writes the file, or ask for it; None when the form has errors to show."""
    if not form.is_valid():
        return None
    path, content = form.cleaned_data["path"], form.cleaned_data["content"]
    try:
        plan = services.file_plan(host, flavour, path, content)
    except InvalidInput as error:
        form.add_error(error.field if error.field in form.fields else None, error.message)
        return None
    if not _is_confirmed(request):
        hidden = {"path": str(path), "content": content}
        return _confirm(request, host, flavour, plan, hidden=hidden, button="Save the file")
    job = services.file_write_request(
        actor=request.actor, host=host, flavour=flavour, path=path, plan=plan, agreed=agreed(request)
    )
    return redirect(job)


def _file_page(
    request: PanelRequest,
    host: Host,
    flavour: Flavour,
    form: FileForm | None,
    path: str,
    *,
    problem: str = "",
    status: int = 200,
) -> HttpResponse:
    text = str(form["content"].value() or "") if form else ""
    context = _frame(request, host) | {
        "flavour": flavour,
        "form": form,
        "entry": flavour.entry(path),
        "problem": problem,
        "calls_pkg_add": "pkg_add" in text,
    }
    return htmx.render_page(request, "jails/flavours/file.html", context, status=status)


@require_http_methods(["GET", "POST"])
def flavour_file_remove(request: PanelRequest, host_id: UUID, flavour: str) -> HttpResponse:
    """Show what removing a file of a flavour runs; on POST, ask for it."""
    host, found = _gate(request, host_id, flavour)
    path = _path_of(request, found)
    if request.method == "POST":
        job = services.file_remove_request(
            actor=request.actor, host=host, flavour=found, path=path, agreed=agreed(request)
        )
        return redirect(job)
    plan = plans.remove_plan(flavours_dir(host), FlavourName.parse(found.name), path)
    hidden = {"path": str(path)}
    return _confirm(request, host, found, plan, hidden=hidden, button="Remove the file", danger=True)


@require_http_methods(["GET", "POST"])
def flavour_file_mode(request: PanelRequest, host_id: UUID, flavour: str) -> HttpResponse:
    """Show what makes a file of a flavour executable, or not; on POST, ask for it."""
    host, found = _gate(request, host_id, flavour)
    path = _path_of(request, found)
    executable = (request.POST if request.method == "POST" else request.GET).get("executable") != "no"
    if request.method == "POST":
        job = services.file_mode_request(
            actor=request.actor,
            host=host,
            flavour=found,
            path=path,
            executable=executable,
            agreed=agreed(request),
        )
        return redirect(job)
    name = FlavourName.parse(found.name)
    plan = plans.mode_plan(flavours_dir(host), name, path, executable=executable)
    hidden = {"path": str(path), "executable": "yes" if executable else "no"}
    return _confirm(request, host, found, plan, hidden=hidden, button="Change the mode")


def _path_of(request: PanelRequest, flavour: Flavour) -> FlavourPath:
    values = request.POST if request.method == "POST" else request.GET
    return FlavourPath.parse(file_get(flavour, values.get("path", "")).path)


# -- a whole flavour --------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
def flavour_new(request: PanelRequest, host_id: UUID) -> HttpResponse:
    """Show the form for a new flavour; on POST, preview it, then ask for it."""
    host = host_get(actor=request.actor, host_id=host_id, need=Perm.FLAVOUR_CHANGE)
    if request.method == "POST":
        form = NewFlavourForm(host, request.POST)
        answer = _made(request, host, form)
    else:
        form, answer = NewFlavourForm(host, initial={"source": request.GET.get("source", "")}), None
    if answer:
        return answer
    context = _frame(request, host) | {"form": form}
    status = 422 if form.errors else 200
    return htmx.render_page(request, "jails/flavours/new.html", context, status=status)


def _made(request: PanelRequest, host: Host, form: NewFlavourForm) -> HttpResponse | None:
    if not form.is_valid():
        return None
    name, source = form.cleaned_data["name"], form.cleaned_data["source"]
    try:
        if _is_confirmed(request):
            job = services.flavour_new_request(
                actor=request.actor, host=host, name=name, source=source, agreed=agreed(request)
            )
            return redirect(job)
        plan = services.new_flavour_plan(host, name, source)
    except InvalidInput as error:
        form.add_error(error.field if error.field in form.fields else None, error.message)
        return None
    hidden = {"name": str(name), "source": source}
    return _confirm(request, host, None, plan, hidden=hidden, button="Make the flavour")


@require_http_methods(["GET", "POST"])
def flavour_delete(request: PanelRequest, host_id: UUID, flavour: str) -> HttpResponse:
    """Show what deleting a flavour runs; on POST, with its name typed, ask for it."""
    host, found = _gate(request, host_id, flavour)
    typed, error = request.POST.get("typed_name", ""), ""
    if request.method == "POST":
        try:
            job = services.flavour_delete_request(
                actor=request.actor, host=host, flavour=found, typed_name=typed, agreed=agreed(request)
            )
            return redirect(job)
        except InvalidInput as refused:
            error = refused.message
    plan = plans.delete_plan(flavours_dir(host), FlavourName.parse(found.name), is_default=found.is_default)
    typing: dict[str, Any] = {"typed_name": found.name, "typed_value": typed, "typed_error": error}
    return _confirm(request, host, found, plan, button="Delete the flavour", danger=True, **typing)


def _gate(request: PanelRequest, host_id: UUID, name: str) -> tuple[Host, Flavour]:
    """Return a host and its flavour to someone who may change it; a flavour's files can hold secrets."""
    host = host_get(actor=request.actor, host_id=host_id)
    found = flavour_get(host, name)
    request.actor.require(Perm.FLAVOUR_CHANGE, host.pk)
    return host, found


def _is_confirmed(request: PanelRequest) -> bool:
    return request.POST.get("confirmed") == "yes"


def _confirm(
    request: PanelRequest,
    host: Host,
    flavour: Flavour | None,
    plan: Plan,
    *,
    hidden: Mapping[str, str] | None = None,
    **more: Any,
) -> HttpResponse:
    """Ask whether to run a plan; the form carries what makes it run once, and only as it was shown."""
    back = reverse("jails:flavour-list", args=[host.pk])
    crumbs = [("Hosts", reverse("hosts:host-list")), (host.name, host.get_absolute_url()), ("Flavours", back)]
    if flavour:
        back = reverse("jails:flavour-detail", args=[host.pk, flavour.name])
        crumbs.append((flavour.name, back))
    key = request.POST.get("idempotency_key") or fresh_key()
    carried = {"confirmed": "yes", "plan_hash": plan.hash, "idempotency_key": key}
    context = {
        "title": f"{plan.title} on {host.name}",
        "plan": plan,
        "host": host,
        "action": request.path,
        "cancel_url": back,
        "crumbs": crumbs,
        "hidden": {**(hidden or {}), **carried},
        "in_dialog": htmx.in_dialog(request) or htmx.target(request) == "confirm",
        **more,
    }
    parts = {"dialog": "web/_confirm.html", "confirm": "web/_confirm.html"}
    status = 422 if more.get("typed_error") else 200
    return htmx.render_page(request, "web/confirm.html", context, partials=parts, status=status)
