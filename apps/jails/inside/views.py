"""The page of a jail's inside. It is rendered at once; its parts come when the host has answered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from apps.accounts.middleware import PanelRequest
from apps.accounts.permissions import Perm, denial
from apps.freebsd.errors import PanelError
from apps.freebsd.values.inside import LogName
from apps.jails.inside import looking
from apps.jails.models import Jail
from apps.jails.queries import jail_get
from apps.pages import htmx

LINES = (100, 500, 2000)


@require_GET
def jail_inside(request: PanelRequest, host_id: UUID, safe_name: str) -> HttpResponse:
    """Show the inside of a jail; one part of it for htmx, or for who has no JavaScript."""
    jail = jail_get(actor=request.actor, host_id=host_id, safe_name=safe_name, need=Perm.JAIL_INSIDE)
    part = _part(request)
    context = _frame(request, jail) | {"part": part}
    if part:
        context |= PARTS[part](request, jail)
    partials = {f"inside-{name}": f"jails/inside/_{name}.html" for name in PARTS}
    return htmx.render_page(request, "jails/inside/page.html", context, partials=partials)


def _part(request: PanelRequest) -> str:
    part = request.GET.get("show", "")
    return part if part in PARTS else ""


def _frame(request: PanelRequest, jail: Jail) -> dict[str, Any]:
    def why_not(perm: Perm) -> str:
        return "" if request.actor.may(perm, jail.host_id) else denial(perm)

    return {
        "jail": jail,
        "why_not_change": why_not(Perm.JAIL_INSIDE_CHANGE),
        "why_not_command": why_not(Perm.JAIL_COMMAND),
        "shown_rows": looking.MOST_ROWS,
    }


def _asked(look: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Give what was seen, or why it was not: a jail that stopped must not take the page away."""
    try:
        return look() | {"is_read": True}
    except PanelError as error:
        return {"problem": error.message}


def _now(_request: PanelRequest, jail: Jail) -> dict[str, Any]:
    return _asked(lambda: {"now": looking.look_now(jail)})


def _services(_request: PanelRequest, jail: Jail) -> dict[str, Any]:
    return _asked(lambda: {"services": looking.look_services(jail)})


def _packages(_request: PanelRequest, jail: Jail) -> dict[str, Any]:
    return _asked(lambda: {"packages": looking.look_packages(jail)})


def _logs(request: PanelRequest, jail: Jail) -> dict[str, Any]:
    """List the logs, or show the end of the one that was asked for."""
    typed = request.GET.get("lines", "")
    lines = int(typed) if typed in map(str, LINES) else LINES[0]
    asked = {"line_counts": LINES, "lines": lines}
    if name := request.GET.get("log", ""):
        return asked | {"log": name} | _asked(lambda: {"tail": _tail(jail, name, lines)})
    return asked | _asked(lambda: {"logs": looking.look_logs(jail)})


def _tail(jail: Jail, name: str, lines: int) -> list[str]:
    return looking.tail(jail, LogName.parse(name), lines)


PARTS: dict[str, Callable[[PanelRequest, Jail], dict[str, Any]]] = {
    "now": _now,
    "services": _services,
    "packages": _packages,
    "logs": _logs,
}
