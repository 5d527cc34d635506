"""Errors as people see them: a page, or a message in the corner when htmx asked."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseServerError
from django.shortcuts import render
from django.template.loader import get_template, render_to_string

from apps.freebsd import errors
from apps.pages import htmx
from apps.web import trouble


@dataclass(frozen=True, slots=True)
class Look:
    """How one kind of error is answered.

    Args:
        status: The HTTP status.
        title: A few words above the error's own sentence.
        icon: A symbol of static/icons.svg.
    """

    status: int
    title: str
    icon: str = "alert-triangle"


LOOKS: dict[type[Exception], Look] = {
    errors.InvalidInput: Look(422, "That cannot be used", "alert-circle"),
    errors.NotAllowed: Look(403, "You may not do this", "lock"),
    errors.Conflict: Look(409, "Something else came first", "refresh"),
    errors.HostUnreachable: Look(503, "The host does not answer", "plug-connected-x"),
    errors.HostKeyChanged: Look(502, "The host shows another key", "fingerprint"),
    errors.AccessRefused: Look(502, "The host does not let us in", "lock-access"),
    errors.AgentMissing: Look(502, "The agent is missing on the host", "server-off"),
    errors.RequestRefused: Look(502, "The host's agent refused", "ban"),
    errors.CommandFailed: Look(502, "The command failed", "terminal-2"),
    errors.ParseError: Look(502, "The host's answer was not understood", "help-circle"),
    errors.PanelError: Look(500, "That did not work"),
}
NOT_FOUND = Look(404, "Not here", "search")
FORBIDDEN = LOOKS[errors.NotAllowed]
BAD_REQUEST = Look(400, "The request makes no sense", "alert-circle")


def panel_error(request: HttpRequest, error: errors.PanelError) -> HttpResponse:
    """Answer one of the panel's own errors with its sentence, and whether to try again."""
    look = next(LOOKS[kind] for kind in type(error).__mro__ if kind in LOOKS)
    return answer(request, look, error.message, retry=error.retry)


def answer(request: HttpRequest, look: Look, message: str, *, retry: bool = False) -> HttpResponse:
    """Render an error as a page, or for htmx as a message in the corner."""
    signed_in = getattr(request, "user", None) and request.user.is_authenticated
    frame = "base.html" if signed_in else "web/bare.html"
    context = {"look": look, "message": message, "retry": retry, "frame": frame}
    if htmx.asked(request):
        toast = {**context, "tone": "danger", "title": look.title, "icon_name": look.icon}
        return htmx.as_toast(render(request, "web/_toast.html", toast, status=look.status))
    return render(request, "web/error.html", context, status=look.status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001  Django's signature
    """Answer 400."""
    if htmx.asked(request):
        return answer(request, BAD_REQUEST, "The panel could not make sense of what the browser sent.")
    return HttpResponse(get_template("400.html").render(), status=400)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 403 with the sentence that a PermissionDenied carries, if any."""
    said = str(exception) if isinstance(exception, PermissionDenied) else ""
    return answer(
        request, FORBIDDEN, said or "Your roles do not include this. An administrator can grant it."
    )


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001  Django's signature
    """Answer 404 without saying which part of the address was wrong."""
    return answer(request, NOT_FOUND, "There is nothing at this address, or nothing that you may see.")


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 500, or 503 and 507 when the database is away or has no room.

    From a page that needs nothing: no database, no session, no static manifest.
    """
    look = trouble.look_of(sys.exc_info()[1])
    if look is None:
        return HttpResponseServerError(get_template("500.html").render())
    if htmx.asked(request):
        context = {
            "tone": "danger",
            "title": look.title,
            "message": look.message,
            "icon_name": "alert-triangle",
        }
        return htmx.as_toast(HttpResponse(render_to_string("web/_toast.html", context), status=look.status))
    return HttpResponse(get_template(f"{look.status}.html").render(), status=look.status)
