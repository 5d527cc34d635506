"""A jail that somebody changed by hand on a simulated host, and both ways out of that in a real browser."""

from __future__ import annotations

from dataclasses import replace

import pytest
from playwright.sync_api import expect

from apps.hosts.models import Host
from apps.hosts.probe import probe_host
from apps.jails.models import Drift
from apps.jobs import engine
from apps.jobs.models import Job
from tests.places import make_host
from tests.simulated import Simulated, simulated_hosts
from tests.simulator.machines import READY
from tests.web.window import administrators_window, picture

pytestmark = pytest.mark.e2e
# What a step may take on a machine that is busy with other tests.
PATIENCE_MS = 20_000
CONF = "/usr/local/etc/ezjail"


@pytest.fixture(autouse=True, scope="module")
def _database_beside_the_browser():
    """Let tests use the database in the thread in which the browser's event loop runs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        yield


@pytest.fixture
def hosts(tmp_path):
    spec = replace(READY, name="alpha")
    with simulated_hosts(tmp_path, [spec], pace=0.0, in_process=True) as running:
        yield running


@pytest.fixture
def host(transactional_db, hosts: Simulated, settings, monkeypatch) -> Host:
    """A host on which two jails were made before the panel came; nothing runs jobs by itself."""
    settings.JOB_OUTPUT_FLUSH_S = 0.01
    monkeypatch.setattr("jailpanel.celery.app.send_task", lambda *_args, **_options: None)
    monkeypatch.setattr("apps.hosts.gateway.private_key_path", lambda: hosts.private_key_path)
    does(hosts, "ezjail-admin create web 'lo1|10.0.0.7/24'; ezjail-admin create db 'lo1|10.0.0.8/24'")
    target = hosts.target("alpha")
    row = make_host("alpha", address=target.address, port=target.port, host_key=target.host_key)
    probe_host(row.pk)
    return row


def does(hosts: Simulated, line: str) -> None:
    """Do something on the host by hand."""
    done = hosts.run(hosts.simulation.hosts["alpha"].run(line))
    assert done.status == 0, done


def edit(hosts: Simulated, path: str, old: str, new: str) -> None:
    file = hosts.root("alpha") / path.lstrip("/")
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


@pytest.fixture
def page(chromium, redis_server, host):
    """A window in which an administrator is signed in; nothing may complain in its console."""
    with administrators_window(chromium, PATIENCE_MS) as window:
        yield window


def test_a_change_by_hand_is_seen_and_both_ways_out_work(page, host, hosts):
    edit(hosts, f"{CONF}/web", 'fib=""', 'fib="1"')
    edit(hosts, f"{CONF}/db", 'fdescfs_enable="YES"', 'fdescfs_enable="NO"')
    does(hosts, f"mv {CONF}/db {CONF}/db.norun; ezjail-admin onestart web")
    probe_host(host.pk)

    page.goto("/drift/")
    expect(page.locator("#drift-list tbody tr")).to_have_count(4)
    picture(page, "drift")
    page.locator("tr", has_text="fib").get_by_role("link", name="web").click()
    expect(page.locator("#drift-fib")).to_contain_text("first seen")
    expect(page.locator("#drift-fib .is-seen")).to_contain_text("1")
    expect(page.locator("#drift-running .is-seen")).to_contain_text("yes")
    picture(page, "drift-jail")

    page.locator("#apply-all").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator(".file-diff .diff-new")).to_have_text('export jail_web_fib=""')
    expect(dialog).to_contain_text("onestop web")
    picture(page, "drift-apply")
    dialog.get_by_role("button", name="Apply wanted").click()
    expect(page.get_by_text("Watch the job")).to_be_visible()
    expect(page.locator("#live-state")).to_have_text("Live")
    assert engine.advance_lane(host.pk)
    assert [(job.state, job.outcome) for job in Job.objects.all()] == [("succeeded", "")]
    expect(page.get_by_text("As it is wanted.")).to_be_visible()
    assert 'fib=""' in (hosts.root("alpha") / f"{CONF}/web".lstrip("/")).read_text()

    page.goto("/drift/")
    page.get_by_role("link", name="db").first.click()
    page.locator("#adopt-fdescfs_enable").click()
    dialog.get_by_role("button", name="Adopt observed").click()
    expect(page.locator("#drift-fdescfs_enable")).to_have_count(0)
    page.locator("#adopt-all").click()
    dialog.get_by_role("button", name="Adopt observed").click()
    expect(page.get_by_text("As it is wanted.")).to_be_visible()
    probe_host(host.pk)
    assert not Drift.objects.exists()
    page.goto("/drift/")
    expect(page.get_by_text("Every jail is as it is wanted")).to_be_visible()
