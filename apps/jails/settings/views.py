"""Pages of a jail's settings: all in one form, its files as text, its name. Each shows its plan first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django import forms
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from apps.accounts.middleware import PanelRequest
from apps.accounts.permissions import Perm, denial
from apps.freebsd.errors import PanelError
from apps.freebsd.jail_file import jail_file_path
from apps.jails.agreement import agreed, fresh_key
from apps.jails.leaks.mending import mending_form
from apps.jails.leaks.queries import leak_of
from apps.jails.models import Jail
from apps.jails.queries import jail_get, jails_with_jobs
from apps.jails.queries import jail_list as jails_of
from apps.jails.settings import services
from apps.jails.settings.forms import SettingsForm
from apps.jails.settings.renaming import prepare_rename
from apps.jails.settings.text_forms import RenameForm, TextForm
from apps.jobs.models import Job
from apps.jobs.plan import Plan

FILES = ("file", "fstab")


@require_http_methods(["GET", "POST"])
def jail_settings(request: PanelRequest, host_id: UUID, safe_name: str) -> HttpResponse:
    """Show all settings of a jail; on POST show what changes, and ask for it once that was seen."""
    jail = _jail(request, host_id, safe_name)
    if request.method == "GET":
        form = _first_form(request, jail)
        return _page(request, "jails/settings/settings.html", jail, form, _plan(form))
    if "add_row" in request.POST or "fill_in" in request.POST:
        return _with_another_row(request, jail)
    form = SettingsForm(jail, request.actor, request.POST)
    if job := _change(request, jail, form):
        return redirect(job)
    return _page(request, "jails/settings/settings.html", jail, form, _plan(form))


def _first_form(request: PanelRequest, jail: Jail) -> SettingsForm:
    """Return the form as the host has it; or with a private address put first, as the leak guard asks."""
    may = request.actor.may(Perm.JAIL_CHANGE, jail.host_id)
    if may and request.GET.get("private") == "first" and leak_of(jail):
        return mending_form(jail, request.actor)
    return SettingsForm(jail, request.actor)


@require_POST
def jail_settings_check(request: PanelRequest, host_id: UUID, safe_name: str) -> HttpResponse:
    """Say what is wrong with the settings as far as they are typed, and what they would change."""
    jail = _jail(request, host_id, safe_name)
    form = SettingsForm(jail, request.actor, request.POST)
    form.is_valid()
    return _checked(request, "jails/settings/_checked.html", jail, form, _plan(form))


@require_http_methods(["GET", "POST"])
def jail_text(request: PanelRequest, host_id: UUID, safe_name: str, of: str) -> HttpResponse:
    """Show one of a jail's files as text; on POST show what changes, and ask for it once that was seen."""
    jail = _jail(request, host_id, safe_name)
    form = _text_form(request, jail, of)
    if form.is_bound and (job := _change(request, jail, form)):
        return redirect(job)
    return _page(request, "jails/settings/text.html", jail, form, _plan(form))


@require_POST
def jail_text_check(request: PanelRequest, host_id: UUID, safe_name: str, of: str) -> HttpResponse:
    """Say what is wrong with a file as far as it is typed, and what it would change."""
    jail = _jail(request, host_id, safe_name)
    form = _text_form(request, jail, of)
    form.is_valid()
    return _checked(request, "jails/settings/_text_checked.html", jail, form, _plan(form))


@require_http_methods(["GET", "POST"])
def jail_rename(request: PanelRequest, host_id: UUID, safe_name: str) -> HttpResponse:
    """Show the form for a jail's new name; on POST show what runs, and ask for it once that was seen."""
    jail = _jail(request, host_id, safe_name)
    form = RenameForm(request.POST or None)
    if form.is_bound and (job := _rename(request, jail, form)):
        return redirect(job)
    return _page(request, "jails/settings/rename.html", jail, form, _rename_plan(jail, form))


@require_POST
def jail_rename_check(request: PanelRequest, host_id: UUID, safe_name: str) -> HttpResponse:
    """Say what is wrong with a new name as far as it is typed, and what would run."""
    jail = _jail(request, host_id, safe_name)
    form = RenameForm(request.POST)
    return _checked(request, "jails/settings/_text_checked.html", jail, form, _rename_plan(jail, form))


def _jail(request: PanelRequest, host_id: UUID, safe_name: str) -> Jail:
    """Return the jail for one who sees it; whoever sends something has to be allowed to change it."""
    need = Perm.JAIL_CHANGE if request.method == "POST" else Perm.JAIL_VIEW
    jail_get(actor=request.actor, host_id=host_id, safe_name=safe_name, need=need)
    rows = jails_with_jobs(jails_of(request.actor)).defer(None).filter(host_id=host_id)
    jail = rows.filter(safe_name=safe_name).first()
    if jail is None:
        raise Http404
    return jail


def _text_form(request: PanelRequest, jail: Jail, of: str) -> TextForm:
    if of not in FILES:
        raise Http404
    return TextForm(jail, request.actor, of, request.POST if request.method == "POST" else None)


def _with_another_row(request: PanelRequest, jail: Jail) -> HttpResponse:
    """Show the form as it was filled in so far, with one more row where that was asked for."""
    form = SettingsForm(jail, request.actor, request.POST)
    if "add_row" in request.POST:
        form.rows.append(form.blank_row)
    return _page(request, "jails/settings/settings.html", jail, form, None)


def _change(request: PanelRequest, jail: Jail, form: SettingsForm | TextForm) -> Job | None:
    wish = agreed(request)
    if job := services.job_of_wish(actor=request.actor, jail=jail, agreed=wish):
        return job
    if not form.is_valid() or form.prepared is None:
        return None
    return _ask(form, form.prepared.plan, wish.plan_hash, lambda: services.jail_change_request(
        actor=request.actor, jail=jail, wish=form.wish, agreed=wish
    ))  # fmt: skip


def _rename(request: PanelRequest, jail: Jail, form: RenameForm) -> Job | None:
    wish = agreed(request)
    if job := services.job_of_wish(actor=request.actor, jail=jail, agreed=wish):
        return job
    plan = _rename_plan(jail, form)
    if plan is None:
        return None
    return _ask(form, plan, wish.plan_hash, lambda: services.jail_rename_request(
        actor=request.actor, jail=jail, new=form.cleaned_data["name"], agreed=wish
    ))  # fmt: skip


def _ask(form: forms.Form, plan: Plan, shown: str, ask: Callable[[], Job]) -> Job | None:
    """Ask for a plan, if it is the one that was shown; else it is shown first."""
    if not shown:
        return None
    try:
        if shown == plan.hash:
            return ask()
        form.add_error(None, "This is not what was shown to you: look at the plan again, then save.")
    except PanelError as error:
        _complain(form, error)
    return None


def _complain(form: forms.Form, error: PanelError) -> None:
    name = getattr(error, "field", None)
    form.add_error(name if name in form.fields else None, error.message)


def _plan(form: SettingsForm | TextForm) -> Plan | None:
    return form.prepared.plan if form.is_bound and form.prepared else None


def _rename_plan(jail: Jail, form: RenameForm) -> Plan | None:
    if not form.is_bound or not form.is_valid():
        return None
    try:
        return prepare_rename(jail, form.cleaned_data["name"])[0]
    except PanelError as error:
        _complain(form, error)
        return None


def _context(request: PanelRequest, jail: Jail, form: forms.Form, plan: Plan | None) -> dict[str, Any]:
    may = request.actor.may(Perm.JAIL_CHANGE, jail.host_id)
    return _ways(jail, form) | {
        "jail": jail,
        "host": jail.host,
        "here": request.path,
        "form": form,
        "plan": plan,
        "denied": "" if may else denial(Perm.JAIL_CHANGE),
        "idempotency_key": request.POST.get("idempotency_key") or fresh_key(),
    }


def _ways(jail: Jail, form: forms.Form) -> dict[str, Any]:
    """Return which of the ways to change a jail the page is, and where it is checked while one types."""
    args: list[object] = [jail.host_id, jail.safe_name]
    if isinstance(form, RenameForm):
        check_url = reverse("jails:jail-rename-check", args=args)
        return {"way": "name", "what": "Name", "verb": "Rename it", "check_url": check_url}
    if isinstance(form, TextForm):
        path = jail_file_path(jail.safe_name, runs_at_boot=jail.runs_at_boot)
        if form.of == "fstab":
            path = f"/etc/fstab.{jail.safe_name}"
        check_url = reverse("jails:jail-text-check", args=[*args, form.of])
        return {"way": form.of, "what": "File", "path": path, "check_url": check_url}
    return {
        "way": "settings",
        "what": "Settings",
        "check_url": reverse("jails:jail-settings-check", args=args),
    }


def _page(
    request: PanelRequest, template: str, jail: Jail, form: forms.Form, plan: Plan | None
) -> HttpResponse:
    is_sent = request.method == "POST" and not {"add_row", "fill_in"} & set(request.POST)
    failed = is_sent and bool(form.errors)
    return render(request, template, _context(request, jail, form, plan), status=422 if failed else 200)


def _checked(
    request: PanelRequest, template: str, jail: Jail, form: forms.Form, plan: Plan | None
) -> HttpResponse:
    context = _context(request, jail, form, plan)
    return render(request, template, context | {"touched": set(request.POST.getlist("touched"))})
