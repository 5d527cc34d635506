"""What htmx asks and what it is told. No other module reads or writes HX-* headers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import parse_qs, urlencode, urlsplit

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase, HttpResponseRedirectBase
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django_htmx.http import reswap, retarget, trigger_client_event
from django_htmx.middleware import HtmxDetails

if TYPE_CHECKING:
    from typing import Any

Response = TypeVar("Response", bound=HttpResponseBase)

TOASTS = "#toasts"
DIALOG = "#dialog"


def _details(request: HttpRequest) -> HtmxDetails:
    found = getattr(request, "htmx", None)
    return found if isinstance(found, HtmxDetails) else HtmxDetails(request)


def asked(request: HttpRequest) -> bool:
    """Tell whether htmx wants a part of a page. Going back in history wants the whole page."""
    details = _details(request)
    return bool(details) and not details.history_restore_request


def target(request: HttpRequest) -> str | None:
    """Return the id of the element that the answer will be swapped into, if htmx asked."""
    return _details(request).target if asked(request) else None


def render_page(
    request: HttpRequest,
    template: str,
    context: Mapping[str, Any] | None = None,
    *,
    partials: Mapping[str, str] | None = None,
    status: int = 200,
) -> HttpResponse:
    """Render a page, or only the part of it that htmx is going to swap.

    Args:
        request: The request; its HX-Target decides.
        template: The whole page.
        context: What both are rendered with.
        partials: Id of the swapped element → the partial that the page includes there.
        status: 422 for a form with errors.
    """
    part = (partials or {}).get(target(request) or "")
    return render(request, part or template, dict(context or {}), status=status)


def in_dialog(request: HttpRequest) -> bool:
    """Tell whether the answer goes into the dialog of the base page."""
    return target(request) == DIALOG.removeprefix("#")


def as_toast(response: Response) -> Response:
    """Have htmx add the response to the messages in the corner, whatever it asked for."""
    return reswap(retarget(response, TOASTS), "beforeend")


def ask_again(response: Response) -> Response:
    """Have the element that asked do so once more after the swap: there is more than one answer holds."""
    return trigger_client_event(response, "panel:more", after="swap")


def follow(
    request: HttpRequest, response: HttpResponseRedirectBase, *, sign_in_paths: frozenset[str]
) -> HttpResponse:
    """Turn a redirect into one that the browser follows, not htmx.

    htmx would fetch the other page and swap it into a fragment of this one.

    Args:
        request: What htmx asked.
        response: The redirect that the view or a middleware gave.
        sign_in_paths: Pages that lead back to `next`, which then is the page that is open, not its fragment.
    """
    url = response.url
    if urlsplit(url).path in sign_in_paths:
        url = _back_to(url, _details(request).current_url_abs_path)
    answer = HttpResponse(status=204)
    answer.cookies = response.cookies
    answer["HX-Redirect"] = url
    return answer


def _back_to(url: str, page: str | None) -> str:
    query = {key: values[-1] for key, values in parse_qs(urlsplit(url).query).items() if key != "next"}
    if page:
        query["next"] = page
    return f"{urlsplit(url).path}?{urlencode(query)}" if query else urlsplit(url).path


def vary(response: HttpResponseBase) -> None:
    """Say that the same address gives a page or a part of it."""
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
