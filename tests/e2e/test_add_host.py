"""Adding a host by hand: compare the key, run the line that installs the agent; what a changed key does."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import ROOT

pytestmark = pytest.mark.e2e
READY_S = 30


class Newcomer:
    """A simulated host that knows nothing of the panel, and a hand on its console."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        entry = json.loads((folder / "hosts.json").read_text())[0]
        self.name, self.address, self.port = entry["name"], entry["address"], entry["port"]
        key = base64.b64decode(entry["host_key"].split()[1])
        digest = base64.b64encode(hashlib.sha256(key).digest()).decode().rstrip("=")
        self.fingerprint = f"SHA256:{digest}"

    def type(self, *words: str) -> str:
        argv = [sys.executable, "-m", "apps.simulator.control", str(self._folder), self.name, *words]
        done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture
def newcomer(tmp_path: Path) -> Iterator[Newcomer]:
    argv = [sys.executable, "-m", "apps.simulator", "--dir", str(tmp_path), "--hosts", "1", "--pace", "0"]
    process = subprocess.Popen(argv, cwd=ROOT, env={**os.environ}, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + READY_S
    while not (tmp_path / "hosts.json").exists():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    try:
        yield Newcomer(tmp_path)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def add(page: Page, newcomer: Newcomer, name: str) -> None:
    page.goto("/hosts/")
    page.get_by_role("link", name="Add a host").first.click()
    page.get_by_label("Name").fill(name)
    page.get_by_label("Address").fill(newcomer.address)
    page.get_by_label("Port").fill(str(newcomer.port))
    page.get_by_role("button", name="Add the host").click()


def test_host_is_added_by_hand_and_a_changed_key_stops_everything(sign_in, newcomer, picture):
    page = sign_in("admin")
    add(page, newcomer, "newcomer")

    expect(page.get_by_role("heading", name="Compare the host key")).to_be_visible()
    shown = page.locator(".fingerprints dd").inner_text()
    assert shown == newcomer.fingerprint
    picture(page, "host-key")
    page.get_by_role("button", name="pin this key").click()

    expect(page.get_by_role("heading", name="Install the agent on newcomer")).to_be_visible()
    expect(page.locator("#host-body")).to_contain_text("does not let root in")
    picture(page, "host-agent")
    line = page.locator("[data-copy-source]").first.inner_text()
    assert line.startswith("fetch -qo /var/db/jailpanel-install.sh http://127.0.0.1:")
    assert "The agent is installed" in newcomer.type("run", line)
    page.get_by_role("button", name="Done: look at the host").click()
    expect(page.locator("#host-body")).to_contain_text("Online")

    # A kept connection goes on; the new key is seen when the host comes back.
    newcomer.type("rekey")
    newcomer.type("reboot")
    page.get_by_role("button", name="Probe now").click()
    expect(page.get_by_role("heading", name="newcomer shows another host key")).to_be_visible()
    expect(page.locator("#host-body")).to_contain_text("Everything to this host is stopped")
    page.reload()
    expect(page.get_by_role("button", name="Probe now")).to_have_count(0)
    picture(page, "host-key-changed")
    page.goto("/record/?q=newcomer")
    for action in ("host.added", "host.key_confirmed", "host.probe_requested"):
        expect(page.locator("#event-list")).to_contain_text(action)


@pytest.mark.parametrize(
    ("field", "value", "complaint"),
    [
        ("Address", "-oProxyCommand=x", "neither a host name nor an IP address"),
        ("User", "root;id", "no FreeBSD user name"),
    ],
)
def test_bad_host_is_refused_next_to_its_field_and_what_was_typed_stays(sign_in, field, value, complaint):
    page = sign_in("admin")
    page.goto("/hosts/add/")
    typed = {"Name": "fine", "Address": "192.0.2.250", "Port": "22", "User": "root", field: value}
    for label, text in typed.items():
        page.get_by_label(label, exact=True).or_(page.get_by_label(re.compile(f"^{label}"))).first.fill(text)
    page.get_by_role("button", name="Add the host").click()
    error = page.locator(f"#field-{field.lower()} .field-error")
    expect(error).to_contain_text(complaint)
    expect(page.locator(f"#id_{field.lower()}")).to_have_value(value)
    page.goto("/hosts/?q=fine")
    expect(page.locator("#host-list")).to_contain_text("Nothing matches")


def test_address_and_name_of_another_host_are_refused(panel, sign_in):
    page = sign_in("admin")
    alpha = panel.hosts["alpha"]
    page.goto("/hosts/add/")
    page.get_by_label("Name").fill("alpha")
    page.get_by_label("Address").fill(str(alpha["address"]))
    page.get_by_label("Port").fill(str(alpha["port"]))
    page.get_by_role("button", name="Add the host").click()
    expect(page.locator("#field-name .field-error")).to_contain_text("Another host has this name")
    page.get_by_label("Name").fill("alpha-again")
    page.get_by_role("button", name="Add the host").click()
    expect(page.locator("#field-address .field-error")).to_contain_text("Another host has this address")
