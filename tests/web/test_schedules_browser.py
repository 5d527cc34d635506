"""Schedules in a real browser: a form that shows when it would run, and a list that follows."""

from __future__ import annotations

import pytest
from django.test import Client
from playwright.sync_api import expect

from apps.accounts.models import Grant, User
from apps.accounts.permissions import Role
from apps.jobs.events import publish
from apps.schedules.models import Schedule, Target
from jailpanel.asgi import application
from tests.conftest import Person
from tests.places import make_basejail, make_host, make_jail
from tests.schedules.conftest import make_schedule
from tests.services import serving

pytestmark = pytest.mark.e2e


@pytest.fixture(autouse=True, scope="module")
def _database_beside_the_browser():
    """Let tests use the database in the thread in which the browser's event loop runs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        yield


@pytest.fixture
def host(transactional_db, redis_server, monkeypatch):
    monkeypatch.setattr("jailpanel.celery.app.send_task", lambda *_, **__: None)
    host = make_host("alpha")
    make_basejail(host)
    make_jail(host, "web", jid=5)
    return host


@pytest.fixture
def ada(host):
    user = User.objects.create_user("ada", password="correct horse battery")
    Grant.objects.create(user=user, role=Role.ADMIN, host=None)
    return Person(user, Client())


def is_complaint(line) -> bool:
    """Tell a fault from htmx's notes that a check was given up: for the next one, or for the next page."""
    given_up = ("htmx:sendAbort", "htmx:afterRequest", "htmx:sendError", "ERR_ABORTED")
    return line.type == "error" and not any(note in line.text for note in given_up)


@pytest.fixture
def page(chromium, host, ada):
    """A window in which the administrator is signed in; nothing may complain in its console."""
    problems: list[str] = []
    ada.client.force_login(ada.user, backend="apps.accounts.backends.GrantBackend")
    with serving(application) as url:
        context = chromium.new_context(base_url=url, viewport={"width": 1280, "height": 900})
        context.set_default_timeout(5000)
        context.add_cookies(
            [{"name": "sessionid", "value": ada.client.cookies["sessionid"].value, "url": url}]
        )
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda line: problems.append(line.text) if is_complaint(line) else None)
        yield page
        context.close()
    assert problems == []


def test_a_schedule_is_added_with_only_the_fields_that_its_choices_ask_for(page, host):
    page.goto("/schedules/")
    page.locator("#suggest-restart").click()
    preview = page.locator("#schedule-preview")
    expect(preview.locator("li")).to_have_count(5)
    expect(page.get_by_label("Cron line")).to_be_hidden()
    page.get_by_label("When", exact=True).select_option("week")
    page.get_by_label("Sunday").check()
    expect(preview).to_contain_text("Sun ")
    page.get_by_label("When", exact=True).select_option("cron")
    expect(page.get_by_label("At", exact=True)).to_be_hidden()
    page.get_by_label("Cron line").fill("never")
    page.get_by_label("Name", exact=True).fill("nightly")
    expect(page.locator("#id_line_error")).to_contain_text("A cron line has five fields")
    page.get_by_label("Cron line").fill("30 4 * * *")
    expect(preview).to_contain_text("04:30 UTC")
    page.get_by_label("Host", exact=True).select_option("alpha")
    page.get_by_label("Jail", exact=True).fill("web")
    page.get_by_role("button", name="Add the schedule").click()
    expect(page.locator("#schedule-list")).to_contain_text("web on alpha")
    assert Schedule.objects.get().jail == "web"


def test_the_list_follows_a_run_and_its_switch_switches(page, ada, host):
    schedule = make_schedule(ada, line="0 3 * * *", target=Target.HOST, host=host)
    page.goto("/schedules/")
    expect(page.locator("#live-state")).to_have_text("Live")
    Schedule.objects.update(last_state="failed", last_message="The host does not answer.")
    publish("schedules", str(schedule.pk))
    expect(page.locator("#schedule-list")).to_contain_text("The host does not answer.")
    switch = page.get_by_role("switch", name="nightly runs by itself")
    expect(switch).to_have_attribute("aria-checked", "true")
    switch.click()
    expect(switch).to_have_attribute("aria-checked", "false")
    expect(page.locator("#schedule-list")).to_contain_text("switched off")
