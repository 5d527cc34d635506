"""Answers that depend on who asks: htmx gets redirects it can follow, people get errors in plain words."""

from __future__ import annotations

import time
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseRedirectBase
from django.shortcuts import resolve_url

from apps.freebsd.errors import PanelError
from apps.pages import htmx
from apps.web.errors import panel_error

GetResponse = Callable[[HttpRequest], HttpResponse]


class HtmxRedirectMiddleware:
    """Turns redirects that answer htmx into 204 + HX-Redirect, and keeps pages out of caches.

    Otherwise htmx follows the redirect itself and swaps a whole sign-in page into a fragment.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Note when the request began (apps/web/live replays events from then on), and answer."""
        request.began_ms = int(time.time() * 1000)  # type: ignore[attr-defined]
        response = self.get_response(request)
        if isinstance(response, HttpResponseRedirectBase) and htmx.asked(request):
            response = htmx.follow(request, response, sign_in_paths=_sign_in_paths())
        if response.get("Content-Type", "").startswith("text/html"):
            htmx.vary(response)
            response.headers.setdefault("Cache-Control", "private, no-store")
        return response


def _sign_in_paths() -> frozenset[str]:
    return frozenset({resolve_url(settings.LOGIN_URL), resolve_url("account_reauthenticate")})


class PanelErrorMiddleware:
    """Shows the errors that services and channels raise (apps/freebsd/errors.py)."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer; errors arrive in `process_exception`."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer a PanelError; leave everything else to Django."""
        return panel_error(request, exception) if isinstance(exception, PanelError) else None
