"""The page of a host's basejail, and a page before each change of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from apps.accounts.middleware import PanelRequest
from apps.accounts.permissions import Perm, denial
from apps.freebsd.errors import Conflict, InvalidInput
from apps.hosts.models import Host
from apps.hosts.queries import host_get
from apps.jails.agreement import agreed, fresh_key
from apps.jails.archives.moments import moment
from apps.jails.basejail.kinds import counted, restart_url
from apps.jails.basejail.situation import Situation, situation_of
from apps.jails.basejail.update_plans import Way
from apps.jails.basejail.update_services import (
    SOURCES,
    UpdateWish,
    update_plan,
    update_request,
    why_not_update,
)
from apps.pages import htmx

ODD_PATHS = "ezjail's settings name directories with characters that the panel passes to no command."
CONFIRM = {"dialog": "web/_confirm.html", "confirm": "web/_confirm.html"}


@dataclass(frozen=True, slots=True)
class Action:
    """Something that can be done to a basejail, as its page offers it.

    Args:
        way: What; empty for the form of an installation.
        label: The button's words.
        icon: A symbol.
        text: What it is good for.
        url: Where it leads.
        why_not: Why it is greyed; empty when it may be asked for.
        danger: Whether something is lost.
    """

    way: str
    label: str
    icon: str
    text: str
    url: str
    why_not: str = ""
    danger: bool = False


_WAYS: dict[Way, tuple[str, str, str]] = {
    Way.PATCH: (
        "Patch it", "download",
        "Brings basejail and template to the newest patch level of their release, with freebsd-update.",
    ),
    Way.FINISH: (
        "Finish the update", "player-play",
        "freebsd-update has fetched what it has not installed: an update was cut short.",
    ),
    Way.PORTS: (
        "Bring the ports tree", "download",
        "With portsnap up to FreeBSD 13, later from the release's own ports set, proven like the others.",
    ),
    Way.SOURCES: (
        "Bring the sources", "download",
        "The system's sources of the basejail's release, from its proven src set, into its /usr/src.",
    ),
    Way.WORLD: (
        "Install a built world", "stack-2",
        "From a source tree of the host's in which the world has been built already.",
    ),
    Way.BUILD: (
        "Build from sources", "stack-2",
        "Builds the world from a source tree of the host's, which takes hours, and installs it.",
    ),
    Way.BACK: (
        "Bring it back", "rotate-clockwise",
        "To its newest ZFS snapshot. The panel takes one before each change.",
    ),
}  # fmt: skip


@require_GET
def basejail(request: PanelRequest, host_id: UUID) -> HttpResponse:
    """Show a host's basejail: what it is, which jails need a restart for it, and what can be done."""
    host = host_get(actor=request.actor, host_id=host_id)
    seen = situation_of(host)
    context = {
        "host": host,
        "area": "hosts",
        "seen": seen,
        "basejail": seen.basejail,
        "actions": _actions(request, host, seen),
        "restart": _restart(request, host, seen),
        "here": request.get_full_path(),
    }
    partials = {"basejail-body": "jails/basejail/_body.html"}
    return htmx.render_page(request, "jails/basejail/page.html", context, partials=partials)


def _restart(request: PanelRequest, host: Host, seen: Situation) -> dict[str, str]:
    may = request.actor.may(Perm.JAIL_STOP, host.pk)
    return {
        "url": restart_url(seen.stale),
        "label": f"Restart {counted(len(seen.stale))}",
        "why_not": "" if may else denial(Perm.JAIL_STOP),
    }


def _actions(request: PanelRequest, host: Host, seen: Situation) -> list[Action]:
    """Return what can be done, what is half done already first."""
    refused = "" if request.actor.may(Perm.BASEJAIL_INSTALL, host.pk) else denial(Perm.BASEJAIL_INSTALL)
    refused = refused or ("" if host.is_online else "The host is not online.")
    if seen.trees is None:
        refused = refused or ODD_PATHS
    ways = [Way.FINISH] if seen.trees and seen.trees.pending else []
    ways += [Way.PATCH, Way.PORTS, Way.SOURCES, Way.WORLD, Way.BUILD] if seen.is_present else []
    ways += [Way.BACK] if seen.trees and seen.trees.snapshot else []
    found = [_action(host, way, refused or why_not_update(host, way)) for way in ways]
    at = 1 + ways.index(Way.PATCH) if Way.PATCH in ways else 0
    return [*found[:at], _install(host, refused, present=seen.is_present), *found[at:]]


def _action(host: Host, way: Way, why_not: str) -> Action:
    label, icon, text = _WAYS[way]
    url = reverse("jails:basejail-update", args=[host.pk, way])
    return Action(way, label, icon, text, url, why_not, danger=way == Way.BACK)


def _install(host: Host, refused: str, *, present: bool) -> Action:
    text = (
        "Lays the proven sets of another release, or of the same, over what is there. Nothing is asked on "
        "the way, as freebsd-update's own upgrade would."
        if present
        else "Fetches a release's sets, proves each by the release's MANIFEST, and has ezjail install them."
    )
    label = "Upgrade, or install over it" if present else "Install the basejail"
    url = reverse("jails:basejail-install", args=[host.pk])
    return Action("", label, "refresh" if present else "download", text, url, refused)


@require_http_methods(["GET", "POST"])
def basejail_update(request: PanelRequest, host_id: UUID, change: str) -> HttpResponse:
    """Show what a change of the basejail runs; on POST, ask for it."""
    host = host_get(actor=request.actor, host_id=host_id, need=Perm.BASEJAIL_INSTALL)
    if change not in list(Way):
        raise Http404
    wish, error = _wish(request, Way(change)), ""
    if request.method == "POST" and "look" not in request.POST:
        try:
            job = update_request(actor=request.actor, host=host, wish=wish, agreed=agreed(request))
            return redirect(job)
        except InvalidInput as refused:
            error = refused.message
    context = _frame(request, host, wish) | _what_would_run(request, host, wish)
    context = context | ({"sources_error": error} if error else {})
    status = 422 if error else 200
    return htmx.render_page(request, "web/confirm.html", context, partials=CONFIRM, status=status)


def _wish(request: PanelRequest, way: Way) -> UpdateWish:
    given = request.POST if request.method == "POST" else request.GET
    sources = given.get("sources", SOURCES)[:300].replace("\0", "?")
    return UpdateWish(way, moment(request.POST.get("moment", "")), sources)


def _frame(request: PanelRequest, host: Host, wish: UpdateWish) -> dict[str, Any]:
    page = reverse("jails:basejail", args=[host.pk])
    return {
        "title": f"{_WAYS[wish.way][0]}: basejail of {host.name}",
        "action": request.path,
        "button": "",
        "cancel_url": page,
        "crumb": _WAYS[wish.way][0],
        "crumbs": [
            ("Hosts", reverse("hosts:host-list")),
            (host.name, host.get_absolute_url()),
            ("Basejail", page),
        ],
        "details": "jails/basejail/_update.html",
        "host": host,
        "text": _WAYS[wish.way][2],
        "sources": wish.sources if wish.way in (Way.BUILD, Way.WORLD) else "",
        "in_dialog": htmx.in_dialog(request) or htmx.target(request) == "confirm",
    }


def _what_would_run(request: PanelRequest, host: Host, wish: UpdateWish) -> dict[str, Any]:
    """Return the plan with what its form carries, or in a sentence why there is none."""
    try:
        plan = update_plan(host, wish)
    except InvalidInput as refused:
        return (
            {"sources_error": refused.message} if refused.field == "sources" else {"why_not": refused.message}
        )
    except Conflict as refusal:
        return {"why_not": refusal.message}
    carried = {
        "idempotency_key": request.POST.get("idempotency_key") or fresh_key(),
        "plan_hash": plan.hash,
        "moment": wish.at,
    }
    danger = wish.way == Way.BACK
    return {"plan": plan, "button": _WAYS[wish.way][0], "danger": danger, "hidden": carried}
