"""The gallery (tests/web/gallery.py) in place of the panel's own pages, and people to look at it."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.core.asgi import get_asgi_application
from django.test import Client
from playwright.sync_api import sync_playwright

from apps.web.context import LIVE_URL
from apps.web.live import live_stream, route
from tests.programs import program
from tests.services import redis_of_this_run, redis_server, serving
from tests.web import olivia

__all__ = ["redis_of_this_run", "redis_server"]

FOLDER = Path(__file__).parent
CHROMIUM = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture
def person(django_user_model):
    """Somebody who may sign in."""
    return django_user_model.objects.create_user(username="olivia", password="correct horse battery")


@pytest.fixture
def gallery(settings):
    """The gallery's pages, for everybody who comes."""
    settings.ROOT_URLCONF = "tests.web.gallery"
    settings.TEMPLATES = [
        {**engine, "DIRS": [*engine["DIRS"], FOLDER / "templates"]} for engine in django_settings.TEMPLATES
    ]
    settings.MIDDLEWARE = olivia.middleware(settings.MIDDLEWARE)
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"


@pytest.fixture
def visitor(gallery):
    """A client that looks at the gallery; as in a browser, an error in a view gives a page."""
    return Client(raise_request_exception=False)


@pytest.fixture
def gallery_url(gallery, redis_server, monkeypatch):
    """The gallery on a real server, with its live stream."""

    async def user_of(cookies):
        return 1

    monkeypatch.setattr(route, "user_of", user_of)
    pages = get_asgi_application()

    async def application(scope, receive, send):
        await (live_stream if scope["path"] == LIVE_URL else pages)(scope, receive, send)

    with serving(application) as url:
        yield url


@pytest.fixture(scope="module")
def chromium():
    """A browser; while it is there its event loop runs in this thread, and no test can run its own."""
    path = program("chromium", "chromium-browser", "chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(CHROMIUM))
        yield browser
        browser.close()
