"""A jail's settings in a real browser: what changes is shown while one types, and saved as it was shown."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from playwright.sync_api import expect

from apps.accounts.models import Grant, User
from apps.accounts.permissions import Role
from apps.jails.models import Jail
from apps.jobs.models import Job
from jailpanel.asgi import application
from tests.jails.settings.posts import FSTAB, captured_file
from tests.places import make_basejail, make_host, make_jail
from tests.services import serving

pytestmark = pytest.mark.e2e


@pytest.fixture(autouse=True, scope="module")
def _database_beside_the_browser():
    """Let tests use the database in the thread in which the browser's event loop runs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        yield


@pytest.fixture
def jail(transactional_db, redis_server, monkeypatch):
    monkeypatch.setattr("jailpanel.celery.app.send_task", lambda *_, **__: None)
    host = make_host("alpha")
    make_basejail(host)
    return make_jail(host, "web", jid=5, config_text=captured_file("web"), fstab_text=FSTAB)


def is_complaint(line) -> bool:
    """Tell a fault from htmx's notes that a check was given up, and from a form that comes back with 422."""
    given_up = ("htmx:sendAbort", "htmx:afterRequest", "htmx:sendError", "ERR_ABORTED", "status of 422")
    return line.type == "error" and not any(note in line.text for note in given_up)


@pytest.fixture
def page(chromium, jail):
    """A window in which an administrator is signed in; nothing may complain in its console."""
    user = User.objects.create_user("ada", password="correct horse battery")
    Grant.objects.create(user=user, role=Role.ADMIN, host=None)
    client, problems = Client(), []
    client.force_login(user, backend="apps.accounts.backends.GrantBackend")
    with serving(application) as url:
        context = chromium.new_context(base_url=url, viewport={"width": 1280, "height": 900})
        context.set_default_timeout(5000)
        context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": url}])
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda line: problems.append(line.text) if is_complaint(line) else None)
        yield page
        context.close()
    assert problems == []


def test_settings_are_changed_as_shown_and_a_change_on_the_host_meanwhile_loses_nothing(page, jail):
    page.goto(f"{jail.get_absolute_url()}settings/")
    plan = page.locator("#plan-card")
    page.get_by_label("Routing table").fill("many")
    page.get_by_role("textbox", name="CPUs").fill("0-1")
    expect(page.locator("#id_v-fib_error")).to_have_text("“many” is no whole number.")
    page.get_by_label("Routing table").fill("1")
    expect(plan.locator("ins")).to_have_text(['export jail_web_cpuset="0-1"', 'export jail_web_fib="1"'])
    page.get_by_role("button", name="Another address").click()
    page.locator("#address-1").fill("10.0.0.9")
    page.locator("#prefix-1").fill("24")
    expect(page.locator("#id_restart_error")).to_contain_text("only be changed together with a restart")
    page.get_by_label("Restart it with the new settings").check()
    expect(plan.locator(".plan-steps > li")).to_have_count(3)
    Jail.objects.update(config_text=jail.config_text.replace('exec_stop=""', 'exec_stop="/bin/sh /x"'))
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#form-errors")).to_contain_text("This is not what was shown to you")
    expect(page.get_by_label("Routing table")).to_have_value("1")
    expect(page.get_by_label("To stop it")).to_have_value("/bin/sh /x")
    page.get_by_role("button", name="Save").click()
    expect(page).to_have_url(re.compile(r"/jobs/[0-9a-f-]+/$"))
    assert Job.objects.get().kind == "jails.change"


def test_the_other_ways_load_without_complaint_and_check_as_one_types(page, jail):
    Jail.objects.update(jid=None)
    page.goto(f"{jail.get_absolute_url()}settings/text/file/")
    page.locator("#id_text").fill(jail.config_text + "reboot\n")
    page.locator("#id_text").press("Tab")
    expect(page.locator("#id_text_error")).to_contain_text("no assignment of plain text")
    page.get_by_role("link", name="Rename").click()
    page.get_by_label("New name").fill("shop")
    expect(page.locator("#plan-card")).to_contain_text("Rename web to shop")
