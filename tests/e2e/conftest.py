"""A whole panel with three simulated hosts, started as `make demo` starts it, and browsers looking at it."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = Path("/usr/bin/chromium")
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)
START_S = 60
# What a step of the main job may take on a machine that is busy with other tests.
PATIENCE_MS = 30_000
# The job page shows what ezjail prints as it comes, so the hosts take a little time over it.
PACE = "0.1"


@dataclass(frozen=True, slots=True)
class Panel:
    """A running panel.

    Args:
        url: Where it is open.
        passwords: By user name.
        state: Its state folder.
        pid: Its supervisor.
        sessions: The cookies of who has signed in already: each test need not do so again.
    """

    url: str
    passwords: dict[str, str]
    state: Path
    pid: int
    sessions: dict[str, Any] = field(default_factory=dict)

    @property
    def hosts(self) -> dict[str, dict[str, object]]:
        listing = json.loads((self.state / "simulator" / "hosts.json").read_text())
        return {entry["name"]: entry for entry in listing}

    def control(self, host: str, *words: str) -> str:
        """Do something to a simulated host behind the panel's back."""
        argv = [sys.executable, "-m", "apps.simulator.control", str(self.state / "simulator"), host, *words]
        return subprocess.run(argv, cwd=ROOT, check=True, capture_output=True, text=True, timeout=30).stdout


@pytest.fixture(scope="package")
def panel() -> Iterator[Panel]:
    state = Path(tempfile.mkdtemp(prefix="jp-e2e-"))
    environment = {
        **{name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}},
        "JAILPANEL_VAR": str(state),
        "JAILPANEL_DEMO_PACE": PACE,
        "JAILPANEL_PROBE_INTERVAL_S": "5",
        "PYTHONUNBUFFERED": "1",
    }
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    environment.pop("PORT", None)
    log = state / "launcher.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "jailpanel.launch", "--demo"],
            cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    try:
        yield _started(process, log, state)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)
        shutil.rmtree(state, ignore_errors=True)


def _started(process: subprocess.Popen[bytes], log: Path, state: Path) -> Panel:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        text = log.read_text()
        url = re.search(r"^Open (http://127\.0\.0\.1:\d+)$", text, re.MULTILINE)
        passwords = dict(re.findall(r"user (\w+)\s+password (\S+)", text))
        if url and len(passwords) == 3:
            return Panel(url[1], passwords, state, process.pid)
        time.sleep(0.05)
    raise AssertionError(f"The panel did not start:\n{log.read_text()}")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        if os.environ.get("CI"):
            pytest.fail("There is no chromium; .ci/run installs it.")
        pytest.skip("There is no chromium at /usr/bin/chromium.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS.split())
        yield browser
        browser.close()


SignIn = Callable[..., Page]


@pytest.fixture
def sign_in(panel: Panel, browser: Browser) -> Iterator[SignIn]:
    """Open a browser of its own and sign in; at the end no page may have complained in its console."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_page(name: str = "admin", **options: object) -> Page:
        cookies = panel.sessions.get(name)
        if cookies:
            options |= {"storage_state": cookies}
        context = browser.new_context(base_url=panel.url, viewport={"width": 1280, "height": 860}, **options)
        contexts.append(context)
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        page.on("console", lambda message: _note(complaints, message.type, message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto("/")
        if not cookies:
            page.get_by_label("Username").fill(name)
            page.get_by_label("Password").fill(panel.passwords[name])
            page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", name="Dashboard")).to_be_visible()
        panel.sessions[name] = context.storage_state()
        return page

    expect.set_options(timeout=PATIENCE_MS)
    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


# An answer with 4xx is noted by the browser itself; those are asked for on purpose in the tests of bad input.
_EXPECTED = re.compile(r"Failed to load resource: the server responded with a status of 4\d\d")


def _note(complaints: list[str], kind: str, text: str) -> None:
    if kind in {"error", "warning"} and not _EXPECTED.search(text):
        complaints.append(f"{kind}: {text}")


@pytest.fixture
def picture() -> Callable[[Page, str], None]:
    """Keep a screenshot when JAILPANEL_SCREENSHOTS names a folder (`make screenshots`)."""
    folder = os.environ.get("JAILPANEL_SCREENSHOTS")

    def take(page: Page, name: str) -> None:
        if folder:
            Path(folder).mkdir(parents=True, exist_ok=True)
            # Hiding the caret would need a style that our policy does not allow.
            page.screenshot(path=str(Path(folder) / f"{name}.png"), caret="initial", animations="allow")

    return take
