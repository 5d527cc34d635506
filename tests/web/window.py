"""A window in which an administrator is signed in to the panel itself, and where pictures of it go."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.test import Client
from playwright.sync_api import Browser, Page, expect

from apps.accounts.models import Grant, User
from apps.accounts.permissions import Role
from jailpanel.asgi import application
from tests.services import serving


@contextmanager
def administrators_window(chromium: Browser, patience_ms: int) -> Iterator[Page]:
    """Open a window on the panel; nothing may complain in its console.

    Args:
        chromium: The browser.
        patience_ms: How long a page may take to show what is expected.
    """
    user = User.objects.create_user("ada", password="correct horse battery")
    Grant.objects.create(user=user, role=Role.ADMIN, host=None)
    client = Client()
    client.force_login(user, backend="apps.accounts.backends.GrantBackend")
    problems: list[str] = []
    expect.set_options(timeout=patience_ms)
    with serving(application) as url:
        context = chromium.new_context(base_url=url, viewport={"width": 1280, "height": 860})
        context.set_default_timeout(patience_ms)
        session = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": url}
        context.add_cookies([session])
        window = context.new_page()
        window.on("pageerror", lambda error: problems.append(str(error)))
        window.on("console", lambda line: problems.append(line.text) if line.type == "error" else None)
        yield window
        context.close()
    assert problems == []


def picture(page: Page, name: str) -> None:
    """Keep a screenshot when JAILPANEL_SCREENSHOTS names a folder (`make screenshots`)."""
    if folder := os.environ.get("JAILPANEL_SCREENSHOTS"):
        page.screenshot(
            path=str(Path(folder) / f"{name}.png"), full_page=True, caret="initial", animations="allow"
        )
