"""The page of one host: how it is reached, its facts, basejail, jails and jobs."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET

from apps.accounts.middleware import PanelRequest
from apps.accounts.permissions import Perm
from apps.freebsd.channel.keys import fingerprint
from apps.hosts.groups import why_not_leave
from apps.hosts.models import Host
from apps.hosts.onboarding import fingerprint_command, install_command, local_rule
from apps.hosts.queries import host_get
from apps.jails.queries import jail_list, jails_with_jobs
from apps.pages import htmx

# As many as a page of the list of jails has.
MOST_JAILS = 50


@require_GET
def host_detail(request: PanelRequest, host_id: UUID) -> HttpResponse:
    """Show one host."""
    host = host_get(actor=request.actor, host_id=host_id)
    context = _what_is_there(request, host) | _connection(request, host) | _permissions(request, host)
    return htmx.render_page(request, "hosts/detail.html", context, partials={"host-body": "hosts/_live.html"})


def _what_is_there(request: PanelRequest, host: Host) -> dict[str, Any]:
    jails = list(
        jails_with_jobs(jail_list(request.actor)).filter(host=host).order_by("name")[: MOST_JAILS + 1]
    )
    return {
        "host": host,
        "area": "hosts",
        "basejail": getattr(host, "basejail", None),
        "jails": jails[:MOST_JAILS],
        "jails_left_out": len(jails) > MOST_JAILS,
        "leftovers": _leftovers(host),
        "recent_jobs": host.jobs.order_by("-created_at")[:6],
        "here": host.get_absolute_url(),
    }


_LEFT = {
    "roots": "directory",
    "fstabs": "fstab",
    "datasets": "dataset",
    "files": "file",
    "jails": "running jail",
    "mounts": "mount",
}


def _leftovers(host: Host) -> list[tuple[str, str]]:
    left = host.facts.get("leftovers", {})
    return [(label, value) for key, label in _LEFT.items() for value in left.get(key, [])]


def _connection(request: PanelRequest, host: Host) -> dict[str, Any]:
    script_url = request.build_absolute_uri(reverse("hosts:agent-install"))
    return {
        "offered": fingerprint(host.offered_key) if host.offered_key else "",
        "pinned": fingerprint(host.host_key) if host.host_key else "",
        "fingerprint_command": fingerprint_command(host),
        "install_command": install_command(script_url, host),
        "local_rule": local_rule(host),
        "remove_url": reverse("hosts:host-remove", args=[host.pk]),
    }


def _permissions(request: PanelRequest, host: Host) -> dict[str, bool | str]:
    may = request.actor.may
    return {
        "may_not_regroup": why_not_leave(request.actor, host.group),
        "may_change": may(Perm.HOST_CHANGE, host.pk),
        "may_probe": may(Perm.HOST_PROBE, host.pk),
        "may_install": may(Perm.BASEJAIL_INSTALL, host.pk),
        "may_set_up": may(Perm.HOST_SETUP, host.pk),
        "may_create": may(Perm.JAIL_CREATE, host.pk),
    }
