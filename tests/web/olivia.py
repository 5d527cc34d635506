"""Somebody who is signed in without a database, for tests that only look at pages."""

from __future__ import annotations

from django.contrib.auth import get_user_model

from apps.accounts.actor import Actor


def who():
    """The person on every request."""
    return get_user_model()(pk=1, username="olivia")


class Olivia:
    """Stands where the authentication and actor middleware stand."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        request.user = who()
        request.actor = Actor(name="olivia", user_id=1)
        return self.get_response(request)


REPLACED = (
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "apps.accounts.middleware.ActorMiddleware",
)


def middleware(usual):
    """Return the usual middleware with Olivia in it."""
    own = [f"{__name__}.Olivia" if "AuthenticationMiddleware" in name else name for name in usual]
    return [name for name in own if name not in REPLACED]
