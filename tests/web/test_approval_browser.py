"""Two people at two browsers: one asks for a jail to be stopped, the other one agrees, and it runs."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from django.test import Client
from django.urls import reverse
from playwright.sync_api import expect

from apps.accounts.models import Grant, User
from apps.accounts.permissions import Role
from apps.freebsd.channel.agent import Agent
from apps.hosts.models import HostGroup
from apps.jails.models import Jail
from apps.jobs import engine, ports
from apps.jobs.models import ApprovalPolicy, Job
from jailpanel.asgi import application
from tests.fakehost import FakeHost, Program
from tests.places import make_basejail, make_host, make_jail
from tests.services import serving

pytestmark = pytest.mark.e2e
STOP = ("/usr/local/bin/ezjail-admin", "onestop", "web")


@pytest.fixture(autouse=True, scope="module")
def _database_beside_the_browser():
    """Let tests use the database in the thread in which the browser's event loop runs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        yield


@dataclass
class Gateway:
    """Leads to a host in memory, on which the jail is stopped once its command has run."""

    host: FakeHost

    def agent(self, _host_id):
        return Agent(self.host)

    def observe(self, _host_id):
        if any(run.argv == STOP for run in self.host.runs.values()):
            Jail.objects.update(jid=None)


@pytest.fixture
def fake_host(monkeypatch):
    fake = FakeHost()
    fake.programs[STOP] = Program((b"Stopping jails: web.\n",))
    monkeypatch.setattr(ports, "_gateway", [Gateway(fake)])
    return fake


@pytest.fixture
def host(transactional_db, monkeypatch):
    """A host with a jail that runs, and a policy for stopping it; nothing runs jobs by itself."""
    monkeypatch.setattr("jailpanel.celery.app.send_task", lambda *_args, **_options: None)
    host = make_host("alpha")
    make_basejail(host)
    make_jail(host, "web", jid=4)
    ApprovalPolicy.objects.create(kind="jails.stop")
    return host


@pytest.fixture
def url(redis_server, host):
    with serving(application) as url:
        yield url


@pytest.fixture
def sit_down(chromium, url, host):
    """Open a window of somebody's own; nothing may complain in its console."""
    contexts, problems = [], []

    def sit_down(name, role):
        user = User.objects.create_user(name, password="correct horse battery")
        Grant.objects.create(user=user, role=role, host=host)
        client = Client()
        client.force_login(user, backend="apps.accounts.backends.GrantBackend")
        context = chromium.new_context(base_url=url, viewport={"width": 1280, "height": 800})
        context.set_default_timeout(5000)
        cookie = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": url}
        context.add_cookies([cookie])
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda line: problems.append(line.text) if line.type == "error" else None)
        return page

    yield sit_down
    for context in contexts:
        context.close()
    assert problems == []


def state(page):
    return page.locator("#job-status")


def test_what_one_asks_for_runs_when_another_one_has_approved_it(sit_down, host, fake_host):
    olivia, mia = sit_down("olivia", Role.OPERATOR), sit_down("mia", Role.MANAGER)

    olivia.goto(reverse("jails:jail-stop", args=[host.pk, "web"]))
    expect(olivia.get_by_text("mia can approve it.")).to_be_visible()
    olivia.get_by_role("button", name="Stop", exact=True).click()
    expect(state(olivia)).to_have_attribute("data-job-state", "awaiting_approval")
    expect(olivia.get_by_text("You asked for it, so somebody else has to agree.")).to_be_visible()
    expect(olivia.get_by_role("button", name="Approve")).to_be_disabled()
    expect(olivia.locator("#live-state")).to_have_text("Live")

    engine.advance_lane(host.pk)
    assert fake_host.runs == {}

    mia.goto("/approval/")
    expect(mia.locator("#live-state")).to_have_text("Live")
    mia.get_by_role("link", name="Decide").click()
    expect(mia.locator(".command code").first).to_have_text(" ".join(STOP))
    expect(mia.locator("#live-state")).to_have_text("Live")
    mia.get_by_role("button", name="Approve").click()
    expect(state(mia)).to_have_attribute("data-job-state", "queued")
    expect(state(olivia)).to_have_attribute("data-job-state", "queued")

    engine.advance_lane(host.pk)
    expect(state(olivia)).to_have_attribute("data-job-state", "succeeded")
    expect(olivia.get_by_text("Approved by")).to_be_visible()
    assert [run.argv for run in fake_host.runs.values()] == [STOP]


def test_a_rejection_tells_the_one_who_asked_why(sit_down, host, fake_host):
    olivia, mia = sit_down("olivia", Role.OPERATOR), sit_down("mia", Role.MANAGER)
    olivia.goto(reverse("jails:jail-stop", args=[host.pk, "web"]))
    olivia.get_by_role("button", name="Stop", exact=True).click()
    expect(state(olivia)).to_have_attribute("data-job-state", "awaiting_approval")
    expect(olivia.locator("#live-state")).to_have_text("Live")

    mia.goto(Job.objects.get().get_absolute_url())
    expect(mia.locator("#live-state")).to_have_text("Live")
    mia.get_by_role("link", name="Reject").click()
    mia.get_by_label("Why").fill("Not during the day.")
    mia.get_by_role("button", name="Reject the job").click()
    expect(state(olivia)).to_have_attribute("data-job-state", "cancelled")
    expect(olivia.get_by_text("mia rejected it: Not during the day.")).to_be_visible()
    engine.advance_lane(host.pk)
    assert fake_host.runs == {}


def test_the_form_of_a_policy_warns_of_the_group_that_is_chosen(sit_down, host):
    """On alpha two people may approve, on omega one."""
    calm = HostGroup.objects.create(name="calm")
    type(host).objects.filter(pk=host.pk).update(group=calm)
    make_host("omega", address="198.51.100.77")
    sit_down("mia", Role.MANAGER)
    ada = sit_down("ada", Role.ADMIN)
    Grant.objects.filter(role=Role.ADMIN).update(host=None)

    ada.goto("/approval/add/")
    expect(ada.locator("#policy-warning")).to_contain_text("Only ada may approve on omega")
    ada.get_by_label("Hosts").select_option("calm")
    expect(ada.locator("#policy-warning")).to_have_text("")
    ada.get_by_label("Hosts").select_option("Every host")
    expect(ada.locator("#policy-warning")).to_contain_text("Only ada may approve on omega")
