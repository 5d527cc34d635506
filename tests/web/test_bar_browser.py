"""The bar of jobs in a real browser: it appears, follows, goes to the job, and stands in nobody's way."""

from __future__ import annotations

from itertools import pairwise

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone
from playwright.sync_api import expect

from apps.accounts.actor import PANEL
from apps.accounts.models import Grant, User
from apps.accounts.permissions import Role
from apps.accounts.queries import actor_for
from apps.jobs.events import publish
from apps.jobs.models import Job, JobState, Step, StepState
from jailpanel.asgi import application
from tests.jobs.conftest import make_job
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
def host(transactional_db, monkeypatch):
    """A host that is online; nothing runs jobs."""
    monkeypatch.setattr("apps.jobs.services.wake_lane", lambda _host_id: None)
    host = make_host("alpha")
    make_basejail(host)
    make_jail(host, "web", jid=5)
    return host


@pytest.fixture
def other_host(host):
    return make_host("omega", address="198.51.100.77")


@pytest.fixture
def admin(host):
    user = User.objects.create_user("ada", password="correct horse battery")
    Grant.objects.create(user=user, role=Role.ADMIN, host=None)
    return user


@pytest.fixture
def ask(admin):
    """Make a job of a few steps, as the administrator or someone else."""

    def make(on, *, steps=1, title="Start the jail web", actor=None, **values):
        job = make_job(on, *[(f"/bin/step{n}",) for n in range(steps)], actor=actor or actor_for(admin))
        Job.objects.filter(pk=job.pk).update(title=title, **values)
        publish("jobs", str(job.pk))
        return Job.objects.get(pk=job.pk)

    return make


FOOT_IN_SIGHT = """() => {
    const button = document.activeElement, box = button.getBoundingClientRect();
    return button.contains(document.elementFromPoint(box.x + 9, box.bottom - 2));
}"""


ASKED_AT_MS = """() => performance.getEntriesByType("resource")
    .filter((entry) => entry.name.endsWith("/jobs/bar/")).map((entry) => entry.startTime)"""


def change(job, **values):
    Job.objects.filter(pk=job.pk).update(**values)
    publish("jobs", str(job.pk))


def begin(job, done=0, percent=None):
    steps = job.steps.order_by("position")
    Step.objects.filter(job=job, position__lt=done).update(state=StepState.SUCCEEDED)
    steps.filter(position=done).update(state=StepState.RUNNING, percent=percent)
    change(job, state=JobState.RUNNING, started_at=timezone.now())


@pytest.fixture
def url(redis_server, host):
    with serving(application) as url:
        yield url


@pytest.fixture
def open_browser(chromium, url, admin):
    """Open a window in which the administrator is signed in; nothing may complain in its console."""
    contexts, problems = [], []
    client = Client()
    client.force_login(admin, backend="apps.accounts.backends.GrantBackend")

    def open_window(**options):
        size = {"viewport": {"width": 1280, "height": 800}}
        context = chromium.new_context(base_url=url, **(size | options))
        context.set_default_timeout(5000)
        cookie = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": url}
        context.add_cookies([cookie])
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda line: problems.append(line.text) if line.type == "error" else None)
        return page

    yield open_window
    for context in contexts:
        context.close()
    assert problems == []


@pytest.fixture
def page(open_browser):
    return open_browser()


def live(page, address="/hosts/"):
    """Open a page and wait until it follows changes."""
    page.goto(address)
    expect(page.locator("#live-state")).to_have_text("Live")
    return page


def rows(page):
    return page.locator("#job-bar .bar-row")


def test_the_bar_appears_when_a_job_starts_follows_its_steps_and_goes_to_it(page, host, ask):
    live(page)
    expect(page.locator("#task-bar")).to_be_hidden()
    assert page.evaluate("document.querySelector('#task-bar').offsetHeight") == 0

    job = ask(host, steps=3)
    expect(rows(page)).to_contain_text("Queued")
    begin(job, done=1, percent=40)
    expect(rows(page)).to_contain_text("1 of 3 · 40 %")
    expect(rows(page)).to_contain_text("alpha")
    change(job, state=JobState.FAILED, ended_at=timezone.now())
    expect(rows(page)).to_contain_text("Failed")
    expect(page.locator("#bar-counts")).to_have_text("1 failed")

    rows(page).click()
    expect(page.locator("h1")).to_have_text("Start the jail web")
    page.wait_for_url(f"**{job.get_absolute_url()}")


def test_a_percentage_grows_without_an_event(page, host, ask):
    page.clock.install()
    job = ask(host)
    begin(job, percent=10)
    live(page)
    expect(rows(page)).to_contain_text("10 %")
    Step.objects.update(percent=20)
    page.clock.run_for(6000)
    expect(rows(page)).to_contain_text("20 %")


def test_a_busy_panel_is_asked_once_a_second_at_most(page, host, ask):
    job = ask(host, steps=9)
    live(page)
    for done in range(9):
        begin(job, done=done)
        for _ in range(5):
            publish("jobs", str(job.pk))
    expect(rows(page)).to_contain_text("8 of 9")
    asked = page.evaluate(ASKED_AT_MS)
    assert len(asked) >= 2
    gaps = [after - before for before, after in pairwise(asked)]
    # The browser may be late with one of them.
    assert all(gap > 700 for gap in gaps), gaps


def test_one_row_is_enough_for_who_wants_it_so_on_all_pages(page, host, other_host, ask):
    begin(ask(host))
    ask(other_host, title="Stop the jail mail")
    live(page)
    expect(rows(page).locator("visible=true")).to_have_count(2)

    page.locator("#bar-toggle").focus()
    page.keyboard.press("Enter")
    expect(rows(page).locator("visible=true")).to_have_count(1)
    expect(page.locator("#bar-toggle")).to_have_attribute("aria-expanded", "false")

    live(page, "/jails/")
    expect(page.locator("#bar-counts")).to_contain_text("1 running")
    expect(rows(page).locator("visible=true")).to_have_count(1)
    page.keyboard.press("g")
    page.keyboard.press("b")
    expect(page.locator("h1")).to_have_text("Start the jail web")


def test_the_next_page_shows_at_once_what_this_one_showed(page, host, ask):
    begin(ask(host))
    live(page)
    expect(rows(page)).to_have_count(1)

    page.route("**/jobs/bar/", lambda _route: None)
    live(page, "/jails/")
    expect(rows(page)).to_contain_text("Start the jail web")


@pytest.mark.parametrize("width", [1280, 390])
def test_a_submit_button_is_never_below_the_bar(page, host, ask, width):
    page.set_viewport_size({"width": width, "height": 600})
    for number in range(5):
        ask(make_host(f"host{number}", address=f"198.51.100.{number + 1}"))
    live(page, "/hosts/add/")
    expect(rows(page).first).to_be_visible()
    button = page.get_by_role("button", name="Add the host")
    page.locator("main input").last.focus()
    for _ in range(20):
        page.keyboard.press("Tab")
        if button.evaluate("button => button === document.activeElement"):
            break
    expect(button).to_be_focused()
    # The page scrolls smoothly, and takes a moment over it.
    page.wait_for_function(FOOT_IN_SIGHT)


def test_who_was_signed_out_keeps_what_they_typed(page, host, ask):
    live(page, "/hosts/add/")
    page.get_by_label("Name", exact=True).fill("fra1")
    Session.objects.all().delete()
    # one that was on its way before may still be answered with the bar
    with page.expect_response(lambda got: "hx-redirect" in got.headers) as answer:
        ask(host)
    assert answer.value.url.endswith("/jobs/bar/")
    assert answer.value.headers["hx-redirect"].startswith("/account/sign-in/")
    expect(page.get_by_label("Name", exact=True)).to_have_value("fra1")
    expect(page.locator(".toast")).to_have_count(0)

    page.goto("/hosts/")
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    assert page.evaluate("sessionStorage.getItem('panel:bar')") is None


def test_a_screen_reader_is_told_of_ones_own_jobs_only(page, host, other_host, ask):
    job = ask(host)
    live(page)
    expect(rows(page)).to_contain_text("Queued")
    voice = page.locator("#bar-voice")
    ask(other_host, actor=PANEL, title="Look at it")
    expect(rows(page)).to_have_count(2)
    expect(voice).to_have_text("")
    change(job, state=JobState.SUCCEEDED, ended_at=timezone.now())
    expect(voice).to_have_text("Start the jail web on alpha: succeeded.")


def test_without_javascript_it_is_a_link_to_the_jobs(open_browser, host):
    page = open_browser(java_script_enabled=False)
    page.goto("/hosts/")
    page.click("#bar-plain")
    page.wait_for_url("**/jobs/")
