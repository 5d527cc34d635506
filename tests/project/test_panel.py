"""The whole panel on one machine, as `make run` starts it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
from dataclasses import dataclass

import httpx
import pytest

from jailpanel.environment import BASE_DIR
from jailpanel.launch.ledger import command_line
from tests.services import eventually

START_S = 60


@dataclass
class Panel:
    process: subprocess.Popen
    state: object
    printed: object

    @property
    def text(self) -> str:
        return self.printed.read_text()

    @property
    def url(self) -> str:
        return re.search(r"^Open (\S+)$", self.text, re.MULTILINE)[1]

    def children(self) -> dict[str, int]:
        record = self.state / "run" / f"children-{self.process.pid}.json"
        return {child["name"]: child["pid"] for child in json.loads(record.read_text())}


@contextlib.contextmanager
def started(state, printed, *words):
    environment = {name: value for name, value in os.environ.items() if name not in {"PORT", "REDIS_URL"}}
    environment.update(JAILPANEL_VAR=str(state), DJANGO_SETTINGS_MODULE="jailpanel.settings")
    with printed.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "jailpanel.launch", *words],
            cwd=BASE_DIR, env=environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    panel = Panel(process, state, printed)
    try:
        eventually(lambda: "\nOpen " in panel.text or process.poll() is not None, START_S)
        yield panel
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(START_S)


def are_gone(pids) -> bool:
    return not any(command_line(pid).strip() for pid in pids)


@pytest.fixture(scope="module")
def panel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("panel")
    with started(folder / "state", folder / "printed") as panel:
        yield panel


def test_it_prints_where_to_open_it_and_a_link_that_works(panel):
    link = re.search(r"(http://127\.0\.0\.1:\d+)(/setup/\S+/)$", panel.text, re.MULTILINE)
    assert link
    assert link[1] == panel.url
    with httpx.Client(follow_redirects=True) as browser:
        assert browser.get(link[0]).status_code == 200
    assert httpx.get(f"{panel.url}/setup/guessed/").status_code != 200


def test_it_listens_on_loopback_and_asks_who_one_is(panel):
    assert panel.url.startswith("http://127.0.0.1:")
    answer = httpx.get(panel.url)
    assert answer.status_code == 302
    assert "/account/sign-in/" in answer.headers["location"]


def test_it_serves_its_static_files(panel):
    page = httpx.get(panel.url, follow_redirects=True)
    styles = re.findall(r'href="(/static/[^"]+\.css)"', page.text)
    assert styles
    for path in styles:
        assert httpx.get(f"{panel.url}{path}").status_code == 200


def test_a_second_start_on_the_same_state_is_refused(panel, tmp_path):
    with started(panel.state, tmp_path / "printed") as second:
        assert second.process.wait(START_S) == 1
    assert f"The panel runs already: process {panel.process.pid}, {panel.url}." in second.text


def test_a_web_process_that_is_killed_comes_back(panel):
    first = panel.children()["web"]
    os.kill(first, signal.SIGKILL)
    eventually(lambda: panel.children().get("web", first) != first, START_S)
    eventually(lambda: _answers(panel.url), START_S)
    assert "web was ended by signal 9; starting it again in 0.5 s." in panel.text


def _answers(url) -> bool:
    try:
        return httpx.get(url).status_code == 302
    except httpx.TransportError:
        return False


def test_killing_the_launcher_ends_all_of_it(tmp_path):
    with started(tmp_path / "state", tmp_path / "printed") as panel:
        children = panel.children()
        panel.process.kill()
        panel.process.wait(START_S)
        eventually(lambda: are_gone(children.values()), START_S)


def test_the_demo_knows_its_hosts_and_shows_how_to_sign_in_and_ends_when_it_is_told_to(tmp_path):
    with started(tmp_path / "state", tmp_path / "printed", "--demo") as panel:
        accounts = json.loads((panel.state / "demo-accounts.json").read_text())
        assert set(accounts) == {"admin", "operator", "viewer"}
        for name, password in accounts.items():
            assert re.search(rf"^  user {name} +password {re.escape(password)}$", panel.text, re.MULTILINE)
        eventually(lambda: _host_states(panel.state) == ["online"] * 3, START_S)
        children = panel.children()
        assert set(children) == {"redis", "web", "worker", "beat", "simulator"}
        panel.process.terminate()
        assert panel.process.wait(START_S) == 0
    assert are_gone(children.values())
    assert panel.text.endswith("Stopping …\nStopped.\n")
    assert list((tmp_path / "state" / "run").glob("children-*")) == []


def _host_states(state) -> list[str]:
    with contextlib.closing(sqlite3.connect(state / "jailpanel.sqlite3")) as database:
        return [row[0] for row in database.execute("SELECT state FROM hosts_host")]
