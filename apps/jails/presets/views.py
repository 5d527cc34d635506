"""Pages of presets: the list, and adding, changing and removing one."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from apps.accounts.middleware import PanelRequest
from apps.accounts.permissions import Perm, denial
from apps.freebsd.errors import InvalidInput
from apps.jails.models import JailPreset
from apps.jails.presets import services
from apps.jails.presets.forms import PresetForm
from apps.jails.presets.queries import may_change, preset_get
from apps.jails.presets.queries import preset_list as presets_of
from apps.pages import htmx
from apps.pages.listing import Column, Listing, ListSpec

PRESETS = ListSpec(
    id="preset-list",
    columns=(
        Column("name", "Preset", ("name", "group__name")),
        Column("hosts", "Hosts", ("group__name", "name")),
        Column("says", "A new jail with it"),
        Column("actions", "", css="row-actions"),
    ),
    search=("name__icontains", "group__name__icontains"),
    search_label="Search presets",
)
CONFIRM = {"dialog": "web/_confirm.html", "confirm": "web/_confirm.html"}


@require_GET
def preset_list(request: PanelRequest) -> HttpResponse:
    """List the presets that concern one's hosts."""
    actor = request.actor
    may = actor.may_anywhere(Perm.PRESET_CHANGE)
    context = {
        "listing": Listing(PRESETS, presets_of(actor), request.GET),
        "may_change": may,
        "may_not": "" if may else denial(Perm.PRESET_CHANGE),
    }
    partials = {"preset-list": "jails/presets/_list.html"}
    return htmx.render_page(request, "jails/presets/list.html", context, partials=partials)


@require_http_methods(["GET", "POST"])
def preset_add(request: PanelRequest) -> HttpResponse:
    """Add a preset."""
    if not request.actor.may_anywhere(Perm.PRESET_CHANGE):
        request.actor.require(Perm.PRESET_CHANGE)
    return _form(request, None)


@require_http_methods(["GET", "POST"])
def preset_change(request: PanelRequest, preset_id: int) -> HttpResponse:
    """Change a preset."""
    return _form(request, preset_get(actor=request.actor, preset_id=preset_id))


def _form(request: PanelRequest, preset: JailPreset | None) -> HttpResponse:
    actor = request.actor
    form = PresetForm.about(actor, preset) if preset else PresetForm(actor, initial={"clean_stop": True})
    if request.method == "POST":
        form = PresetForm(actor, request.POST)
        if form.is_valid() and _saved(request, form, preset):
            return redirect("jails:preset-list")
    context = {"form": form, "preset": preset}
    status = 422 if form.errors else 200
    return htmx.render_page(request, "jails/presets/form.html", context, partials={}, status=status)


def _saved(request: PanelRequest, form: PresetForm, preset: JailPreset | None) -> bool:
    wish = form.wish
    if not may_change(request.actor, wish.group):
        form.add_error("group", "You may not change presets for these hosts.")
        return False
    try:
        if preset:
            services.preset_change(actor=request.actor, preset=preset, wish=wish)
        else:
            services.preset_add(actor=request.actor, wish=wish)
    except InvalidInput as error:
        form.add_error(error.field, error.message)
        return False
    messages.success(request, f"The preset “{wish.name}” is there for new jails.")
    return True


@require_http_methods(["GET", "POST"])
def preset_remove(request: PanelRequest, preset_id: int) -> HttpResponse:
    """Ask whether a preset should go; on POST, remove it."""
    preset = preset_get(actor=request.actor, preset_id=preset_id)
    list_url = reverse("jails:preset-list")
    if request.method == "POST":
        services.preset_remove(actor=request.actor, preset=preset)
        messages.success(request, f"The preset “{preset.name}” is gone. Jails that were made with it stay.")
        return redirect(list_url)
    context: dict[str, Any] = {
        "title": f"Remove the preset {preset.name}",
        "message": "Jails that were made with it stay as they are.",
        "action": request.path,
        "button": "Remove the preset",
        "danger": True,
        "cancel_url": list_url,
        "crumb": "Remove",
        "crumbs": [("Presets", list_url)],
        "in_dialog": htmx.in_dialog(request) or htmx.target(request) == "confirm",
    }
    return htmx.render_page(request, "web/confirm.html", context, partials=CONFIRM)
