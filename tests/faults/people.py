"""People at the panel while it is struck: one who posts forms, and one with a page open in a browser."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
from playwright.sync_api import Page, expect, sync_playwright

if TYPE_CHECKING:
    from tests.faults.world import World

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run")
TIMEOUT_S = 40
PATIENCE_MS = 90_000
HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')


class Visitor:
    """Someone who is signed in, without a browser."""

    def __init__(self, world: World) -> None:
        self._client = httpx.Client(base_url=world.url, timeout=TIMEOUT_S, trust_env=False)
        fields = {"login": "admin", "password": world.password}
        answer = self.post("/account/sign-in/", fields)
        assert answer.status_code == 302, answer.text[:2000]

    def get(self, path: str) -> httpx.Response:
        return self._client.get(path)

    def form(self, path: str) -> dict[str, str]:
        """Return the hidden fields of a form."""
        page = self.get(path)
        assert page.status_code == 200, page.text[:2000]
        return dict(HIDDEN.findall(page.text))

    def post(self, path: str, fields: dict[str, str]) -> httpx.Response:
        given = fields if "csrfmiddlewaretoken" in fields else {**self.form(path), **fields}
        return self._client.post(path, data=given, headers={"Referer": str(self._client.base_url)})

    def close(self) -> None:
        self._client.close()


@contextmanager
def watching(world: World, path: str) -> Iterator[Page]:
    """Open a page in a browser, as someone who is signed in."""
    # Playwright's loop runs in this thread, and Django would not let us ask the database beside it.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(FLAGS))
        try:
            page = browser.new_page(base_url=world.url)
            page.set_default_timeout(PATIENCE_MS)
            page.goto(f"/account/sign-in/?next={path}")
            page.get_by_label("Username").fill("admin")
            page.get_by_label("Password").fill(world.password)
            page.get_by_role("button", name="Sign in").click()
            expect(page.locator("#job-status")).to_be_visible(timeout=PATIENCE_MS)
            yield page
        finally:
            browser.close()


def wait_for_end(page: Page) -> None:
    """The page learns of the job's end by itself."""
    ended = re.compile("succeeded|failed|lost|cancelled")
    expect(page.locator("#job-status")).to_have_attribute("data-job-state", ended, timeout=PATIENCE_MS)


def shown(page: Page) -> str:
    """Return what the page shows of the output, once nothing more is asked for."""
    expect(page.locator(".htmx-request")).to_have_count(0)
    return "".join(page.locator("#output .output-part").all_text_contents())
