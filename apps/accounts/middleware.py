"""Puts the actor on the request, so that views can hand it to services."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from django.http import HttpRequest, HttpResponse

from apps.accounts.actor import Actor
from apps.accounts.models import User
from apps.accounts.queries import actor_for

if TYPE_CHECKING:
    from django_htmx.middleware import HtmxDetails


class PanelRequest(HttpRequest):
    """A request as our views see it: signed in (by default), with its actor and htmx details."""

    actor: Actor
    htmx: HtmxDetails


class ActorMiddleware:
    """Sets `request.actor`: the signed-in person with their grants, or a nobody without any."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Attach the actor and answer."""
        cast("PanelRequest", request).actor = _actor(request)
        return self.get_response(request)


def _actor(request: HttpRequest) -> Actor:
    address = request.META.get("REMOTE_ADDR", "")
    request_id = secrets.token_hex(8)
    if isinstance(request.user, User):
        return actor_for(request.user, address=address, request_id=request_id)
    return Actor(name="nobody", user_id=None, address=address, request_id=request_id)
