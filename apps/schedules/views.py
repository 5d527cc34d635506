"""Pages of schedules: the list, one schedule, its form, and what can be done to it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.db.models import Model, QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts.middleware import PanelRequest
from apps.accounts.permissions import Perm, denial
from apps.freebsd.errors import InvalidInput, NotAllowed
from apps.pages import htmx
from apps.pages.listing import Column, Filter, Listing, ListSpec
from apps.schedules import services
from apps.schedules.forms import ScheduleForm, suggested, values_of
from apps.schedules.kinds import schedule_kinds
from apps.schedules.models import RunState, Schedule
from apps.schedules.queries import may_schedule, schedule_get
from apps.schedules.queries import schedule_list as schedules_of
from apps.schedules.when import Timing

SHOWN_RUNS = 5


def _in_state(rows: QuerySet[Model], value: str) -> QuerySet[Model]:
    return rows.filter(task__enabled=False) if value == "off" else rows.filter(last_state=value)


def _spec() -> ListSpec:
    states = (*((s.value, s.label) for s in RunState if s.value), ("off", "switched off"))
    return ListSpec(
        id="schedule-list",
        columns=(
            Column("name", "Schedule", ("name",)),
            Column("on", "On"),
            Column("when", "When"),
            Column("last", "Last run", ("last_started_at",)),
            Column("next", "Next run"),
            Column("actions", "", css="row-actions"),
        ),
        search=("name__icontains", "host__name__icontains", "group__name__icontains", "jail__icontains"),
        search_label="Search schedules",
        filters=(
            Filter("kind", "Kind", tuple((kind.name, kind.label) for kind in schedule_kinds())),
            Filter("state", "Result", states, _in_state),
        ),
    )


@require_GET
def schedule_list(request: PanelRequest) -> HttpResponse:
    """List the schedules that one may see."""
    listing = Listing(_spec(), schedules_of(request.actor), request.GET)
    context = {"listing": listing, "may_add": bool(may_schedule(request.actor))}
    return htmx.render_page(
        request, "schedules/list.html", context, partials={"schedule-list": "schedules/_list.html"}
    )


@require_GET
def schedule_detail(request: PanelRequest, schedule_id: UUID) -> HttpResponse:
    """Show one schedule: what it does when, its last run and the next ones."""
    schedule = schedule_get(actor=request.actor, schedule_id=schedule_id)
    context = {"schedule": schedule, "coming": _coming(schedule.timing) if schedule.is_enabled else []}
    return htmx.render_page(
        request, "schedules/detail.html", context, partials={"schedule-body": "schedules/_live.html"}
    )


@require_http_methods(["GET", "POST"])
def schedule_add(request: PanelRequest) -> HttpResponse:
    """Show the form of a new schedule; on POST, add it."""
    _need_some_right(request)
    posted = request.POST if request.method == "POST" else None
    form = ScheduleForm(request.actor, posted, initial=suggested(request.GET))
    if form.is_valid() and form.wanted and _saved(request, form, None):
        messages.success(request, f"{form.wanted.name} runs by itself from now on.")
        return redirect("schedules:schedule-list")
    return _form_page(request, form, None)


@require_http_methods(["GET", "POST"])
def schedule_change(request: PanelRequest, schedule_id: UUID) -> HttpResponse:
    """Show the form of a schedule; on POST, change it."""
    schedule = schedule_get(actor=request.actor, schedule_id=schedule_id, need=Perm.SCHEDULE_CHANGE)
    posted = request.POST if request.method == "POST" else None
    form = ScheduleForm(request.actor, posted, initial=values_of(schedule))
    if form.is_valid() and form.wanted and _saved(request, form, schedule):
        messages.success(request, f"{form.wanted.name} was changed. It runs with your rights now.")
        return redirect(schedule)
    return _form_page(request, form, schedule)


@require_POST
def schedule_check(request: PanelRequest) -> HttpResponse:
    """Say what is wrong with a schedule as far as it is typed, and when it would run. Changes nothing."""
    _need_some_right(request)
    form = ScheduleForm(request.actor, request.POST)
    form.is_valid()
    context = _preview(form) | {"form": form, "touched": set(request.POST.getlist("touched"))}
    return render(request, "schedules/_checked.html", context)


@require_POST
def schedule_switch(request: PanelRequest, schedule_id: UUID) -> HttpResponse:
    """Switch a schedule on or off."""
    schedule = schedule_get(actor=request.actor, schedule_id=schedule_id, need=Perm.SCHEDULE_CHANGE)
    on = request.POST.get("on") == "yes"
    services.schedule_switch(actor=request.actor, schedule=schedule, on=on)
    messages.info(request, f"{schedule.name} is switched {'on' if on else 'off'}.")
    return redirect(_back(request, schedule))


@require_POST
def schedule_run(request: PanelRequest, schedule_id: UUID) -> HttpResponse:
    """Have a schedule run now."""
    schedule = schedule_get(actor=request.actor, schedule_id=schedule_id, need=Perm.SCHEDULE_CHANGE)
    services.schedule_run_now(actor=request.actor, schedule=schedule)
    messages.info(request, f"{schedule.name} runs now, with the rights of {schedule.owner_name}.")
    return redirect(_back(request, schedule))


@require_http_methods(["GET", "POST"])
def schedule_remove(request: PanelRequest, schedule_id: UUID) -> HttpResponse:
    """Ask whether to remove a schedule; on POST, remove it."""
    schedule = schedule_get(actor=request.actor, schedule_id=schedule_id, need=Perm.SCHEDULE_CHANGE)
    if request.method == "POST":
        services.schedule_remove(actor=request.actor, schedule=schedule)
        messages.success(request, f"{schedule.name} was removed. What it has asked for goes on.")
        return redirect("schedules:schedule-list")
    context = {
        "title": f"Remove the schedule {schedule.name}",
        "message": "It does not run any more. What it has asked for so far goes on, and stays in the record.",
        "action": request.path,
        "button": "Remove",
        "danger": True,
        "cancel_url": schedule.get_absolute_url(),
        "crumb": "Remove",
        "crumbs": [
            ("Schedules", reverse("schedules:schedule-list")),
            (schedule.name, schedule.get_absolute_url()),
        ],
        "in_dialog": htmx.in_dialog(request),
    }
    partials = dict.fromkeys(("dialog", "confirm"), "web/_confirm.html")
    return htmx.render_page(request, "web/confirm.html", context, partials=partials)


def _need_some_right(request: PanelRequest) -> None:
    if not may_schedule(request.actor):
        raise NotAllowed(denial(Perm.SCHEDULE_CHANGE))


def _saved(request: PanelRequest, form: ScheduleForm, schedule: Schedule | None) -> bool:
    """Save what is wanted, or put what keeps it from being so next to its field."""
    if form.wanted is None:
        return False
    try:
        if schedule:
            services.schedule_change(actor=request.actor, schedule=schedule, wanted=form.wanted)
        else:
            services.schedule_add(actor=request.actor, wanted=form.wanted)
    except InvalidInput as error:
        form.complain(error)
        return False
    except NotAllowed as error:
        form.add_error("kind", error.message)
        return False
    return True


def _form_page(request: PanelRequest, form: ScheduleForm, schedule: Schedule | None) -> HttpResponse:
    context = _preview(form) | {
        "form": form,
        "schedule": schedule,
        "kinds": form.kinds,
        "time_zone": settings.TIME_ZONE,
    }
    status = 422 if form.errors else 200
    return render(request, "schedules/form.html", context, status=status)


def _preview(form: ScheduleForm) -> dict[str, Any]:
    return {"coming": _coming(form.timing) if form.timing else []}


def _coming(timing: Timing) -> list[Any]:
    return timing.coming(timezone.now(), SHOWN_RUNS)


def _back(request: PanelRequest, schedule: Schedule) -> str:
    """Return to the list or to the schedule's page, wherever the button was."""
    return reverse("schedules:schedule-list") if "list" in request.POST else schedule.get_absolute_url()
