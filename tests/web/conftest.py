"""The gallery (tests/web/gallery.py) in place of the panel's own pages, and people to look at it."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings as django_settings

FOLDER = Path(__file__).parent


@pytest.fixture
def gallery(settings):
    """Serve the gallery's pages."""
    settings.ROOT_URLCONF = "tests.web.gallery"
    settings.TEMPLATES = [
        {**engine, "DIRS": [*engine["DIRS"], FOLDER / "templates"]} for engine in django_settings.TEMPLATES
    ]


@pytest.fixture
def person(django_user_model):
    """Give somebody who may sign in."""
    return django_user_model.objects.create_user(username="olivia", password="correct horse battery")


@pytest.fixture
def signed_in(client, person, gallery):
    """Give a client that is signed in to the gallery."""
    client.force_login(person, backend="apps.accounts.backends.GrantBackend")
    return client
