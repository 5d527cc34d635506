"""Pages of moves: where to and with which addresses; back again; and copies of archives."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from apps.accounts.middleware import PanelRequest
from apps.accounts.permissions import Perm
from apps.freebsd.errors import Conflict, InvalidInput, PanelError
from apps.hosts.models import Host
from apps.jails.agreement import agreed, fresh_key
from apps.jails.archives.queries import archive_get, jail_with_facts
from apps.jails.models import Archive, Jail
from apps.jails.moving import rules, services
from apps.jails.moving.choosing import Choice, choices, chosen
from apps.jails.moving.forms import MoveForm
from apps.jails.moving.queries import hosts_for, move_from
from apps.jails.queries import jail_get
from apps.jails.views import accepted, back_to
from apps.jobs.batches import batch_find
from apps.jobs.models import Batch
from apps.jobs.plan import Plan
from apps.pages import htmx

LOOK_FIRST = "These commands are what the move would run. Look at them, and press the button again."


@require_http_methods(["GET", "POST"])
def jail_move(request: PanelRequest, host_id: UUID, safe_name: str) -> HttpResponse:
    """Choose the host that a jail goes to, and its addresses there; on POST of a shown plan, ask for it."""
    jail = _movable(request, host_id, safe_name)
    if asked_before := batch_find(actor=request.actor, idempotency_key=agreed(request).idempotency_key):
        return redirect(asked_before)
    offered = _offered(request, jail)
    target = chosen(request, offered)
    if target is None or rules.why_no_move(jail):
        return _page(request, jail, offered, None)
    form = _form(request, jail, target)
    if "add_row" in request.POST or "fill_in" in request.POST:
        return _page(request, jail, offered, form.with_one_more())
    if request.method == "POST" and form.is_valid():
        if request.POST.get("plan_hash"):
            if batch := _ask(request, form):
                return redirect(batch)
        else:
            form.notes.append(LOOK_FIRST)
    return _page(request, jail, offered, form)


@require_POST
def jail_move_check(request: PanelRequest, host_id: UUID, safe_name: str) -> HttpResponse:
    """Say what is wrong with a move as far as it is typed, and show its plans. Changes nothing."""
    jail = _movable(request, host_id, safe_name)
    target = chosen(request, _offered(request, jail))
    if target is None:
        raise Http404
    form = MoveForm(jail, target, request.POST)
    form.is_valid()
    context = {**_shown(jail, form), "touched": set(request.POST.getlist("touched"))}
    return render(request, "jails/moving/_checked.html", context)


def _offered(request: PanelRequest, jail: Jail) -> list[Choice]:
    actor, taken = request.actor, rules.having_jail(jail.safe_name)
    return choices(hosts_for(actor), lambda host: rules.why_not_jail_to(actor, jail, host, taken))


def _movable(request: PanelRequest, host_id: UUID, safe_name: str) -> Jail:
    jail = jail_get(actor=request.actor, host_id=host_id, safe_name=safe_name, need=Perm.JAIL_MOVE)
    request.actor.require(Perm.JAIL_STOP, host_id)
    return jail_with_facts(jail)


def _form(request: PanelRequest, jail: Jail, target: Host) -> MoveForm:
    """Return the form as it was sent; before that with the jail's own addresses, checked if they may stay."""
    if request.method == "POST":
        return MoveForm(jail, target, request.POST)
    fresh = MoveForm(jail, target)
    filled = QueryDict(mutable=True)
    for row in fresh.rows:
        for name in ("interface", "address", "prefix"):
            filled.appendlist(name, getattr(row, name))
    if jail.is_running:
        filled["starts"] = "on"
    checked = MoveForm(jail, target, filled)
    return checked if checked.is_valid() else fresh


def _ask(request: PanelRequest, form: MoveForm) -> Batch | None:
    wish = form.wish
    if wish is None:
        return None
    try:
        return services.move_request(actor=request.actor, wish=wish, agreed=agreed(request))
    except (InvalidInput, Conflict) as error:
        name = getattr(error, "field", None)
        form.add_error(name if name in form.fields else None, error.message)
        return None


def _page(request: PanelRequest, jail: Jail, offered: list[Choice], form: MoveForm | None) -> HttpResponse:
    failed = request.method == "POST" and form is not None and form.is_bound and bool(form.errors)
    context: dict[str, Any] = {
        "choices": offered,
        "why_not": rules.why_no_move(jail),
        "idempotency_key": request.POST.get("idempotency_key") or fresh_key(),
        "cancel_url": jail.get_absolute_url(),
        **_shown(jail, form),
    }
    return render(request, "jails/moving/move.html", context, status=422 if failed else 200)


def _shown(jail: Jail, form: MoveForm | None) -> dict[str, Any]:
    """Return what page and check have in common: the plans, as far as the form holds all they need."""
    wish = form.wish if form and form.is_bound and form.is_valid() else None
    plans: list[tuple[Host, Plan]] = []
    problem = ""
    if wish is not None and form is not None:
        try:
            plans = list(zip((jail.host, form.host), wish.plans, strict=True))
        except PanelError as error:
            problem = error.message
    return {
        "jail": jail,
        "form": form,
        "target": form.host if form else None,
        "plans": plans,
        "plan_hash": wish.hash if wish and plans else "",
        "at": form.moment if form else "",
        "problem": problem,
        "space": rules.space_warnings(jail, form.host) if form else [],
    }


@require_http_methods(["GET", "POST"])
def jail_take_back(request: PanelRequest, host_id: UUID, safe_name: str) -> HttpResponse:
    """Show what makes a jail what it was before its move; on POST, ask for it."""
    jail = jail_get(actor=request.actor, host_id=host_id, safe_name=safe_name, need=Perm.JAIL_MOVE)
    request.actor.require(Perm.JAIL_START, host_id)
    back = back_to(request, jail.get_absolute_url())
    if request.method == "POST":
        job = services.back_request(actor=request.actor, jail=jail, agreed=agreed(request))
        return accepted(request, job, back)
    move = move_from(jail)
    if move is None:
        raise Http404
    plan = services.back_plan(jail, move)
    context = {"button": "Take it back", "crumbs": _crumbs(jail)}
    return _confirm(request, jail.host, plan, back, context)


@require_http_methods(["GET", "POST"])
def archive_copy(request: PanelRequest, host_id: UUID, file_name: str) -> HttpResponse:
    """Choose the host that an archive is copied to; on POST of a shown plan, ask for it."""
    archive = archive_get(actor=request.actor, host_id=host_id, file_name=file_name, need=Perm.JAIL_MOVE)
    back = back_to(request, reverse("jails:host-archives", args=[host_id]))
    actor, taken = request.actor, rules.having_archive(archive.file_name)
    offered = choices(hosts_for(actor), lambda host: rules.why_not_archive_to(actor, archive, host, taken))
    target = chosen(request, offered)
    if target is not None and request.method == "POST" and request.POST.get("plan_hash"):
        job = services.archive_copy_request(
            actor=request.actor, archive=archive, target=target, agreed=agreed(request)
        )
        return accepted(request, job, back)
    return _copy_page(request, archive, offered, target, back)


def _copy_page(
    request: PanelRequest, archive: Archive, offered: list[Choice], target: Host | None, back: str
) -> HttpResponse:
    plan = services.archive_copy_plan(archive, target) if target else None
    context = {
        "choices": offered,
        "archive": archive,
        "target": target,
        "plan": plan,
        "host": target,
        "cancel_url": back,
        "idempotency_key": request.POST.get("idempotency_key") or fresh_key(),
    }
    return render(request, "jails/moving/copy.html", context)


def _crumbs(jail: Jail) -> list[tuple[str, str]]:
    return [
        ("Jails", reverse("jails:jail-list")),
        (jail.host.name, jail.host.get_absolute_url()),
        (jail.name, jail.get_absolute_url()),
    ]


def _confirm(
    request: PanelRequest, host: Host, plan: Plan, back: str, context: dict[str, Any]
) -> HttpResponse:
    """Ask whether to run a plan; the form carries what makes it run once, and only as it was shown."""
    context |= {
        "title": f"{plan.title} on {host.name}",
        "plan": plan,
        "host": host,
        "action": request.path,
        "cancel_url": back,
        "hidden": {"idempotency_key": fresh_key(), "plan_hash": plan.hash, "next": back},
        "in_dialog": htmx.in_dialog(request) or htmx.target(request) == "confirm",
    }
    template = "web/_confirm.html" if htmx.asked(request) else "web/confirm.html"
    return render(request, template, context)
