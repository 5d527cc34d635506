"""Pages of archives and snapshots: lists on a host and on a jail, and a page before each change."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from apps.accounts.middleware import PanelRequest
from apps.accounts.permissions import Perm, denial
from apps.freebsd.errors import InvalidInput
from apps.freebsd.parsers.leftovers import PARTIAL
from apps.hosts.models import Host
from apps.hosts.queries import host_get
from apps.jails.agreement import agreed
from apps.jails.archives import plans, queries, services
from apps.jails.archives.moments import moment
from apps.jails.archives.pages import confirm, host_crumbs
from apps.jails.archives.services import Wish
from apps.jails.models import Jail
from apps.jails.queries import jail_get, jail_list, jails_with_jobs
from apps.jails.views import accepted, back_to
from apps.pages import htmx
from apps.pages.listing import Column, Listing, ListSpec

SPEC = ListSpec(
    id="archive-list",
    columns=(
        Column("name", "Archive", ("file_name",)),
        Column("jail", "Of the jail", ("safe_name", "-made_at")),
        Column("made", "Made", ("made_at", "file_name")),
        Column("size", "Size", ("size_bytes",)),
        Column("actions", "", css="row-actions"),
    ),
    search=("file_name__icontains",),
    search_label="Search archives",
    default_sort="-made",
)


@require_GET
def host_archives(request: PanelRequest, host_id: UUID) -> HttpResponse:
    """List the archives of a host."""
    host = host_get(actor=request.actor, host_id=host_id, need=Perm.JAIL_VIEW)
    listing = Listing(SPEC, queries.archive_list(request.actor, host_id), request.GET)
    known = jail_list(request.actor).filter(host_id=host_id, safe_name__in={row.safe_name for row in listing})
    context = _of_host(request, host) | {
        "listing": listing,
        "jails": {jail.safe_name: jail for jail in known.prefetch_related(None)},
    }
    partials = {"archive-list": "jails/archives/_list.html"}
    return htmx.render_page(request, "jails/archives/host.html", context, partials=partials)


def _of_host(request: PanelRequest, host: Host) -> dict[str, Any]:
    may = request.actor.may
    return {
        "host": host,
        "area": "hosts",
        "directory": queries.archive_directory(host),
        "free_bytes": queries.free_bytes(host),
        "partial": PARTIAL,
        "why_not_restore": _why_not(host, may(Perm.JAIL_RESTORE, host.pk), Perm.JAIL_RESTORE),
        "why_not_archive": _why_not(host, may(Perm.JAIL_ARCHIVE, host.pk), Perm.JAIL_ARCHIVE),
        "here": request.get_full_path(),
    }


def _why_not(host: Host, may: bool, perm: Perm) -> str:
    if not may:
        return denial(perm)
    return "" if host.is_online else "The host is not online."


@require_GET
def jail_archives(request: PanelRequest, host_id: UUID, safe_name: str) -> HttpResponse:
    """Show a jail's archives and snapshots."""
    jail_get(actor=request.actor, host_id=host_id, safe_name=safe_name)
    jail = jails_with_jobs(jail_list(request.actor)).get(host_id=host_id, safe_name=safe_name)
    datasets = queries.datasets_of(jail)
    archives = list(queries.archives_of(jail)[: queries.MOST_SHOWN])
    context = _of_host(request, jail.host) | {
        "jail": jail,
        "area": "jails",
        "archives": archives,
        "why_no_archive": plans.why_no_archive(jail),
        "dataset": datasets[0] if datasets else None,
        "snapshots": queries.snapshots_of(jail),
    }
    partials = {"jail-archives": "jails/archives/_jail.html"}
    return htmx.render_page(request, "jails/archives/jail.html", context, partials=partials)


@require_http_methods(["GET", "POST"])
def jail_archive(request: PanelRequest, host_id: UUID, safe_name: str) -> HttpResponse:
    """Show what archiving a jail runs; on POST, ask for it."""
    jail = jail_get(actor=request.actor, host_id=host_id, safe_name=safe_name, need=Perm.JAIL_ARCHIVE)
    at = moment(request.POST.get("moment", ""))
    context = {
        "button": "Archive",
        "hidden": {"moment": at},
        "details": "jails/archives/_space.html",
        "size_guess": queries.size_guess(jail),
        "free_bytes": queries.free_bytes(jail.host),
    }
    return _change(request, jail, services.archive_wish(jail, at), context)


@require_http_methods(["GET", "POST"])
def jail_snapshot(request: PanelRequest, host_id: UUID, safe_name: str) -> HttpResponse:
    """Show what a snapshot of a jail runs; on POST, ask for it."""
    jail = jail_get(actor=request.actor, host_id=host_id, safe_name=safe_name, need=Perm.JAIL_ARCHIVE)
    at = moment(request.POST.get("moment", ""))
    context = {"button": "Take a snapshot", "hidden": {"moment": at}}
    return _change(request, jail, services.snapshot_wish(at), context)


@require_http_methods(["GET", "POST"])
def snapshot_remove(request: PanelRequest, host_id: UUID, safe_name: str, label: str) -> HttpResponse:
    """Show what destroying a snapshot runs; on POST, ask for it."""
    jail = jail_get(actor=request.actor, host_id=host_id, safe_name=safe_name, need=Perm.JAIL_RESTORE)
    snapshot = queries.snapshot_get(jail, label)
    context = {"button": "Destroy the snapshot", "crumb": "Destroy", "danger": True}
    return _change(request, jail, services.snapshot_remove_wish([snapshot.name]), context)


@require_http_methods(["GET", "POST"])
def jail_rollback(request: PanelRequest, host_id: UUID, safe_name: str, label: str) -> HttpResponse:
    """Show what rolling a jail back runs and what is lost; on POST, ask for it."""
    jail = jail_get(actor=request.actor, host_id=host_id, safe_name=safe_name, need=Perm.JAIL_RESTORE)
    snapshot = queries.snapshot_get(jail, label)
    datasets = queries.datasets_of(jail)
    context = {
        "button": "Roll back",
        "danger": True,
        "typed_name": jail.name,
        "details": "jails/archives/_lost.html",
        "snapshot": snapshot,
        "newer": queries.newer_than(snapshot),
        "written_bytes": datasets[0].written_bytes if datasets else None,
    }
    return _change(request, jail, services.rollback_wish(jail, snapshot), context)


@require_http_methods(["GET", "POST"])
def archive_remove(request: PanelRequest, host_id: UUID, file_name: str) -> HttpResponse:
    """Show what deleting an archive runs; on POST, ask for it."""
    archive = queries.archive_get(
        actor=request.actor, host_id=host_id, file_name=file_name, need=Perm.JAIL_RESTORE
    )
    back = back_to(request, reverse("jails:host-archives", args=[host_id]))
    plan = plans.remove_plan(archive, queries.archive_directory(archive.host))
    typed, error = request.POST.get("typed_name", ""), ""
    if request.method == "POST":
        try:
            job = services.archive_remove_request(
                actor=request.actor, archive=archive, typed_name=typed, agreed=agreed(request)
            )
        except InvalidInput as refused:
            error = refused.message
        else:
            return accepted(request, job, back)
    context = {
        "button": "Delete the archive",
        "crumb": "Delete",
        "danger": True,
        "typed_name": archive.file_name,
        "typed_value": typed,
        "typed_error": error,
        "crumbs": host_crumbs(archive.host),
    }
    return confirm(request, archive.host, plan, back, context, status=422 if error else 200)


def _change(request: PanelRequest, jail: Jail, wish: Wish, context: dict[str, Any]) -> HttpResponse:
    """Show a wish's commands; on POST ask for it, once the name that has to be typed is."""
    back = back_to(request, reverse("jails:jail-archives", args=[jail.host_id, jail.safe_name]))
    typed, wanted, error = request.POST.get("typed_name", ""), context.get("typed_name", ""), ""
    if request.method == "POST":
        if typed == wanted:
            job = services.jail_wish_request(
                actor=request.actor, jail=jail, wish=wish, agreed=agreed(request)
            )
            return accepted(request, job, back)
        error = f"Type the jail's name, {wanted}, to confirm."
    context |= {"typed_value": typed, "typed_error": error, "crumbs": _crumbs(jail)}
    return confirm(request, jail.host, wish.plan(jail), back, context, status=422 if error else 200)


def _crumbs(jail: Jail) -> list[tuple[str, str]]:
    return [
        ("Jails", reverse("jails:jail-list")),
        (jail.host.name, jail.host.get_absolute_url()),
        (jail.name, jail.get_absolute_url()),
        ("Archives", reverse("jails:jail-archives", args=[jail.host_id, jail.safe_name])),
    ]
