"""Many jails at once in a real browser: ticked in the list, shown with commands, followed as a batch."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from django.test import Client
from playwright.sync_api import expect

from apps.accounts.actor import PANEL
from apps.accounts.models import Grant, User
from apps.accounts.permissions import Role
from apps.freebsd.channel.agent import Agent
from apps.jails.bulk import BulkAgreed, bulk_request
from apps.jails.changes import CHANGES
from apps.jails.models import Jail
from apps.jails.services import Agreed
from apps.jobs import batches, engine, ports
from apps.jobs.batch_rules import Pace
from apps.jobs.events import publish
from apps.jobs.models import Batch
from jailpanel.asgi import application
from tests.fakehost import FakeHost, Program
from tests.places import make_host, make_jail
from tests.services import serving
from tests.test_query_counts import fill

pytestmark = pytest.mark.e2e
NAMES = ("db", "mail", "news", "web")


@pytest.fixture(autouse=True, scope="module")
def _database_beside_the_browser():
    """Let tests use the database in the thread in which the browser's event loop runs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        yield


@dataclass
class Gateway:
    """Leads to a host in memory, whose jails stop when their command has run."""

    host: FakeHost

    def agent(self, _host_id):
        return Agent(self.host)

    def observe(self, _host_id):
        ran = [run.argv[-1] for run in self.host.runs.values()]
        Jail.objects.filter(name__in=ran).update(jid=None)


@pytest.fixture
def host(transactional_db, monkeypatch):
    """A host with four running jails; nothing runs jobs by itself."""
    monkeypatch.setattr("jailpanel.celery.app.send_task", lambda *_args, **_options: None)
    fake = FakeHost()
    fake.programs |= {
        ("/usr/local/bin/ezjail-admin", "onestop", name): Program((f"Stopping jails: {name}.\n".encode(),))
        for name in NAMES
    }
    monkeypatch.setattr(ports, "_gateway", [Gateway(fake)])
    host = make_host("alpha")
    for number, name in enumerate(NAMES):
        make_jail(host, name, addresses=f"lo0|10.0.0.{number + 2}/24", jid=number + 1)
    return host


@pytest.fixture
def open_window(chromium, redis_server, host):
    """Open windows in which an administrator is signed in; nothing may complain in their consoles."""
    user = User.objects.create_user("ada", password="correct horse battery")
    Grant.objects.create(user=user, role=Role.ADMIN, host=None)
    client = Client()
    client.force_login(user, backend="apps.accounts.backends.GrantBackend")
    contexts, problems = [], []

    def open_one(url, **options):
        context = chromium.new_context(base_url=url, viewport={"width": 1280, "height": 800}, **options)
        context.set_default_timeout(5000)
        context.add_cookies([
            {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": url}
        ])  # fmt: skip
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda line: problems.append(line.text) if line.type == "error" else None)
        return page

    with serving(application) as url:
        yield lambda **options: open_one(url, **options)
        for context in contexts:
            context.close()
    assert problems == []


@pytest.fixture
def page(open_window):
    return open_window()


def expect_ticked(page, *names: str) -> None:
    expect(page.locator("tr:has([data-pick]:checked) .row-title")).to_have_text(names)


def test_jails_are_ticked_shown_with_their_commands_and_followed_to_their_end(page, host):
    page.goto("/jails/")
    expect(page.get_by_role("button", name="Stop", exact=True)).to_be_hidden()
    page.get_by_label("Select db on alpha").check()
    page.get_by_label("Select news on alpha").click(modifiers=["Shift"])
    expect_ticked(page, "db", "mail", "news")
    expect(page.get_by_text("3 selected")).to_be_visible()

    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.get_by_role("heading", name="Stop 3 jails", level=1)).to_be_visible()
    expect(page.locator(".bulk-jails pre")).to_have_text(
        [f"/usr/local/bin/ezjail-admin onestop {name}" for name in NAMES[:3]]
    )
    page.get_by_role("radio", name="news").check()
    page.get_by_role("button", name="Stop 3 jails").click()

    expect(page.locator("#batch-body tbody tr")).to_have_count(3)
    expect(page.locator("#batch-body tbody tr").first).to_contain_text("Stop the jail news")
    expect(page.locator("#live-state")).to_have_text("Live")
    batch = Batch.objects.get()
    assert engine.advance_lane(host.pk)
    batches.advance(batch.pk)
    expect(page.get_by_text("1 of 3 jobs")).to_be_visible()

    page.locator("#batch-stop").click()
    page.get_by_role("dialog").get_by_role("button", name="Stop", exact=True).click()
    expect(page.locator("#batch-body")).to_have_attribute("data-batch-state", "stopped")
    expect(page.get_by_text("ada stopped it. What had not begun was cancelled.")).to_be_visible()
    page.locator("#batch-retry").click()
    expect(page.get_by_role("heading", name="Stop 2 jails", level=1)).to_be_visible()


def test_ticks_stay_when_the_list_is_refreshed_and_a_key_sets_them(page, host):
    page.goto("/jails/")
    expect(page.locator("#live-state")).to_have_text("Live")
    page.get_by_label("Select db on alpha").check()
    page.get_by_role("link", name="web", exact=True).focus()
    page.keyboard.press("x")
    expect_ticked(page, "db", "web")

    Jail.objects.filter(name="mail").update(jid=None)
    publish("jails", "changed")
    expect(page.locator("tr[data-jail=mail]")).to_contain_text("Stopped")
    expect_ticked(page, "db", "web")
    expect(page.get_by_text("2 selected")).to_be_visible()

    # With the focus on a tick the list is still kept up to date.
    page.get_by_label("Select db on alpha").focus()
    page.keyboard.press("x")
    Jail.objects.filter(name="news").delete()
    publish("jails", "changed")
    expect(page.locator("tr[data-jail=news]")).to_have_count(0)
    expect_ticked(page, "web")


def test_a_whole_page_and_then_all_that_match_can_be_meant(page, host):
    fill(host, 60)
    page.goto("/jails/?state=running")
    everything = page.locator("[data-pick-matching]")
    expect(everything).to_be_hidden()
    page.locator("[data-pick-page]").check()
    expect(page.get_by_text("50 selected")).to_be_visible()
    everything.get_by_role("checkbox").check()
    expect(page.get_by_text("63 selected")).to_be_visible()
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.get_by_role("heading", name="Stop 63 jails", level=1)).to_be_visible()


def test_without_javascript_it_is_a_form(open_window, host):
    page = open_window(java_script_enabled=False)
    page.goto("/hosts/")
    page.get_by_label("Select alpha").check()
    page.get_by_role("button", name="Stop jails").click()
    expect(page.get_by_role("heading", name="Stop 4 jails", level=1)).to_be_visible()
    page.get_by_role("button", name="Stop 4 jails").click()
    expect(page.locator("#batch-body tbody tr")).to_have_count(4)
    assert Batch.objects.get().canary


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_nothing_is_wider_than_a_phone(open_window, host, scripts):
    long = "build-runner-for-the-continuous-integration-of.long.example.org"
    make_jail(host, long, addresses="lo0|10.0.0.9/24", jid=9, runs_at_boot=False)
    make_jail(host, "off", addresses="lo0|10.0.0.10/24")
    wish = BulkAgreed(Agreed("", "wish"), Pace(canary=True), without=True)
    ids = Jail.objects.exclude(name="web").values_list("pk", flat=True)
    batch = bulk_request(actor=PANEL, change=CHANGES["stop"], jail_ids=ids, agreed=wish)
    page = open_window(java_script_enabled=scripts)
    for address in ("/jails/bulk/stop/?all=jails", batch.get_absolute_url(), "/jobs/batches/", "/jobs/"):
        page.goto(address)
        for width in (360, 768):
            page.set_viewport_size({"width": width, "height": 800})
            sizes = page.locator("html").evaluate("root => [root.scrollWidth, root.clientWidth]")
            assert sizes[0] <= sizes[1], (address, width)
