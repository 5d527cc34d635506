"""Firewalls on a simulated host over real SSH, in a browser: one is kept, another cuts the panel off."""

from __future__ import annotations

from dataclasses import replace
from time import monotonic

import pytest
from playwright.sync_api import expect

from apps.hosts.models import Host
from apps.hosts.probe import probe_host
from apps.jobs import engine
from apps.jobs.lease import end_wait
from apps.jobs.models import OPEN_STATES, Job
from apps.network.models import Layout, RuleSet
from tests.places import make_host
from tests.simulated import Simulated, simulated_hosts
from tests.simulator.machines import PLAIN
from tests.web.window import administrators_window, picture

pytestmark = pytest.mark.e2e
# What a step may take on a machine that is busy with other tests.
PATIENCE_MS = 20_000
# A boot forgets that the panel let ipfw accept everything when it was loaded.
BOOTED = ("65535 allow", "65535 deny")
CUTS = "100 deny tcp from any to me 22 in\n65000 allow ip from any to any\n"


@pytest.fixture(autouse=True, scope="module")
def _database_beside_the_browser():
    """Let tests use the database in the thread in which the browser's event loop runs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        yield


@pytest.fixture
def hosts(tmp_path):
    with simulated_hosts(tmp_path, [replace(PLAIN, modules=())], pace=0.0, in_process=True) as running:
        yield running


@pytest.fixture
def host(transactional_db, hosts: Simulated, settings, monkeypatch) -> Host:
    """A host without a firewall; nothing runs jobs by itself, and a machine may be slow."""
    settings.JOB_OUTPUT_FLUSH_S = 0.01
    settings.FIREWALL_CONFIRM_S = 300
    monkeypatch.setattr("jailpanel.celery.app.send_task", lambda *_args, **_options: None)
    monkeypatch.setattr("apps.hosts.gateway.private_key_path", lambda: hosts.private_key_path)
    target = hosts.target("alpha")
    row = make_host("alpha", address=target.address, port=target.port, host_key=target.host_key)
    RuleSet.objects.create(name="ours", host=row)
    probe_host(row.pk)
    return row


def rules(hosts: Simulated) -> str:
    """Return what ipfw says on the host."""
    done = hosts.run(hosts.simulation.hosts["alpha"].run("ipfw list"))
    assert done.status == 0, done
    return done.stdout


@pytest.fixture
def page(chromium, redis_server, host):
    """A window in which an administrator is signed in; nothing may complain in its console."""
    with administrators_window(chromium, PATIENCE_MS) as window:
        yield window


def tab(page, host: Host) -> None:
    page.goto(f"/hosts/{host.pk}/firewall/")


def run_job(page, host: Host, state: str) -> None:
    """Do what workers would, also when the host was away for a while, and see what the job's page says."""
    deadline = monotonic() + 3 * PATIENCE_MS / 1000
    while Job.objects.filter(state__in=OPEN_STATES).exists():
        assert monotonic() < deadline
        engine.advance_lane(host.pk)
        end_wait(host.pk)
    page.reload()
    expect(page.locator("#job-status")).to_have_attribute("data-job-state", state)


def test_a_firewall_is_kept_over_a_boot_and_one_that_cuts_the_panel_off_is_taken_back(page, hosts, host):
    tab(page, host)
    expect(page.locator("#firewall-state")).to_contain_text("ipfw is not loaded")
    page.locator("#firewall-apply").click()
    expect(page.locator("#firewall-apply")).to_contain_text("kenv net.inet.ip.fw.default_to_accept=1")
    expect(page.locator("#firewall-risk")).to_have_count(0)
    picture(page, "firewall-first")
    page.get_by_role("button", name="Apply", exact=True).click()
    run_job(page, host, "succeeded")
    good = rules(hosts)
    assert "allow tcp from 192.0.2.250 to me 22 in" in good
    tab(page, host)
    expect(page.locator("#firewall-state")).to_contain_text("As wanted")
    picture(page, "firewall")

    hosts.run(hosts.simulation.hosts["alpha"].reboot())
    probe_host(host.pk)
    page.reload()
    expect(page.locator("#firewall-state")).to_contain_text("As wanted")
    assert rules(hosts) == good.replace(*BOOTED)

    RuleSet.objects.update(layout=Layout.WRITTEN, written=CUTS)
    page.reload()
    expect(page.locator("#firewall-state")).to_contain_text("Not applied yet")
    page.locator("#firewall-apply").click()
    expect(page.locator("#firewall-risk")).to_contain_text("The panel's connection from 192.0.2.250")
    page.get_by_label("Seconds that the host waits").fill("2")
    page.get_by_role("button", name="Show the steps for this time").click()
    expect(page.locator("#firewall-apply")).to_contain_text("switch-firewall 18 17,0 2")
    page.get_by_label("to apply them all the same").fill("alpha")
    picture(page, "firewall-cuts")
    page.get_by_role("button", name="Apply", exact=True).click()
    run_job(page, host, "failed")
    expect(page.locator("#job-status")).to_contain_text("The host took the new firewall back by itself")
    assert rules(hosts) == good.replace(*BOOTED)
    tab(page, host)
    expect(page.locator("[data-applied]")).to_have_text(["taken back by the host", "kept"])
    picture(page, "firewall-taken-back")
