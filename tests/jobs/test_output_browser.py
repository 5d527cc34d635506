"""A job's output in a real browser: followed, read backwards, searched; much of it, and hostile."""

from __future__ import annotations

import pytest
from django.test import Client
from playwright.sync_api import expect

from apps.accounts.models import Grant, User
from apps.accounts.permissions import Role
from apps.jobs import output_queries, output_views
from apps.jobs.events import publish
from apps.jobs.models import Job, JobState, OutputChunk
from jailpanel.asgi import application
from tests.jobs.conftest import make_job
from tests.places import make_host
from tests.services import redis_of_this_run, redis_server, serving
from tests.web.conftest import chromium

__all__ = ["chromium", "redis_of_this_run", "redis_server"]

pytestmark = pytest.mark.e2e
ESC = "\x1b"


@pytest.fixture(autouse=True, scope="module")
def _database_beside_the_browser():
    """Let tests use the database in the thread in which the browser's event loop runs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        yield


@pytest.fixture
def job(transactional_db, monkeypatch):
    monkeypatch.setattr("apps.jobs.services.wake_lane", lambda _host_id: None)
    job = make_job(make_host("alpha"))
    Job.objects.update(state=JobState.RUNNING)
    return job


@pytest.fixture
def tell(job):
    """Have the job print something, as a worker stores it."""
    step = job.steps.get()

    def write(text: str) -> None:
        step.refresh_from_db()
        data, at = text.encode(), step.output_bytes
        cuts = range(0, len(data), 1000)
        OutputChunk.objects.bulk_create(
            OutputChunk(step=step, offset=at + cut, data=data[cut : cut + 1000]) for cut in cuts
        )
        type(step).objects.update(output_bytes=at + len(data))
        publish(f"job:{job.pk}", str(job.pk))

    return write


@pytest.fixture
def open_page(redis_server, job, chromium):
    """Open windows in which somebody is signed in who may see all; nothing may complain in their consoles."""
    user = User.objects.create_user("ada", password="correct horse battery")
    Grant.objects.create(user=user, role=Role.ADMIN, host=None)
    client, problems, contexts = Client(), [], []
    client.force_login(user, backend="apps.accounts.backends.GrantBackend")
    with serving(application) as url:

        def open_window(**options):
            context = chromium.new_context(base_url=url, viewport={"width": 1280, "height": 800}, **options)
            context.set_default_timeout(10_000)
            context.add_cookies(
                [{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": url}]
            )
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
def page(open_page):
    return open_page()


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    """Short pages, and a browser that holds few of them: a test needs to print little."""
    monkeypatch.setattr(output_queries, "PAGE_BYTES", 4096)
    monkeypatch.setattr(output_views, "MOST_SHOWN", 16_384)


def text_of(page) -> str:
    return page.locator("#output-pieces").evaluate(
        "all => [...all.querySelectorAll('pre')].map(pre => pre.textContent).join('')"
    )


def lines(page) -> list[str]:
    return text_of(page).splitlines()


def numbered(start: int, stop: int) -> list[str]:
    return [f"line {number:05} of what is printed" for number in range(start, stop)]


def printed(start: int, stop: int) -> str:
    return "".join(f"{line}\n" for line in numbered(start, stop))


def is_live(page) -> None:
    expect(page.locator("#live-state")).to_have_text("Live")


def shows(page, text: str) -> None:
    """Wait until some text is there, and nothing is under way."""
    page.wait_for_function(
        "text => document.getElementById('output-pieces').textContent.includes(text)", arg=text
    )
    expect(page.locator(".htmx-request")).to_have_count(0)


def press(page, button: str, place: str) -> None:
    """Press a button that loads another piece, and wait for it; `place` is what changes then."""
    field = page.locator(place)
    before = field.input_value()
    page.locator(button).click()
    expect(field).not_to_have_value(before)
    expect(page.locator(".htmx-request")).to_have_count(0)


def is_whole(page) -> bool:
    """Whether the page holds lines one after the other, and not too many."""
    found = lines(page)
    start = int(found[0].split()[1])
    return found == numbered(start, start + len(found)) and len(text_of(page)) < 16_384 + 2 * 4096


def test_much_output_is_read_from_its_end_to_its_beginning_and_back(page, job, tell):
    tell(printed(0, 1000))
    page.goto(job.get_absolute_url())
    is_live(page)
    assert lines(page)[-1] == numbered(999, 1000)[0]
    assert is_whole(page)
    assert len(text_of(page)) < 6000

    while page.locator("#output-show-earlier").is_visible():
        press(page, "#output-show-earlier", "#output-first")
        assert is_whole(page)
    assert lines(page)[0] == numbered(0, 1)[0]
    expect(page.locator("#output-later")).not_to_have_attribute("hidden", "")

    page.get_by_role("button", name="To the end").click()
    shows(page, "line 00999")
    expect(page.locator("#output-later")).to_be_hidden()
    tell("more\n")
    shows(page, "more")
    assert lines(page)[-2:] == [*numbered(999, 1000), "more"]


def test_a_page_that_begins_at_the_beginning_leads_to_the_end_and_then_follows(page, job, tell):
    tell(printed(0, 300))
    page.goto(f"{job.get_absolute_url()}?after=0:0")
    is_live(page)
    assert page.locator("#output").evaluate("box => box.scrollTop") == 0
    tell("not asked for yet\n")
    while page.locator("#output-show-later").is_visible():
        press(page, "#output-show-later", "#output-cursor")
    shows(page, "not asked for yet")
    tell("live again\n")
    shows(page, "live again")
    assert lines(page) == [*numbered(0, 300), "not asked for yet", "live again"]


def test_what_is_followed_for_long_drops_its_beginning(page, job, tell):
    page.goto(job.get_absolute_url())
    is_live(page)
    for start in range(0, 1000, 100):
        tell(printed(start, start + 100))
        shows(page, f"line {start + 99:05}")
        assert is_whole(page)
    page.locator("#output").evaluate("box => { box.scrollTop = 0 }")
    first = lines(page)[0]
    press(page, "#output-show-earlier", "#output-first")
    assert is_whole(page)
    assert lines(page)[0] < first


def test_whoever_reads_further_up_is_not_moved(page, job, tell):
    tell(printed(0, 300))
    page.goto(job.get_absolute_url())
    is_live(page)
    page.locator("#output").evaluate("box => { box.scrollTop = 10 }")
    seen = page.locator("#output pre").first
    top = seen.bounding_box()["y"]
    press(page, "#output-show-earlier", "#output-first")
    assert abs(page.locator("#output pre").nth(1).bounding_box()["y"] - top) < 2
    tell("more\n")
    shows(page, "more")
    assert abs(page.locator("#output pre").nth(1).bounding_box()["y"] - top) < 2


def test_a_progress_line_is_one_line_and_coloured_text_is_coloured(page, job, tell):
    page.goto(job.get_absolute_url())
    is_live(page)
    for percent in range(0, 101, 20):
        tell(f"\rbase.txz {percent:3}%")
        shows(page, f"{percent}%")
    tell(f"\n{ESC}[1;31mErr")
    shows(page, "Err")
    tell(f"or{ESC}[0m: no\n{ESC}]0;title\x07done\n")
    shows(page, "done")
    assert lines(page) == ["base.txz 100%", "Error: no", "done"]
    error = page.locator("#output .t-bold.t-1")
    expect(error).to_have_text("Error")
    assert error.evaluate("span => getComputedStyle(span).color") == "rgb(255, 147, 138)"
    assert "title" not in page.title().replace(job.title, "")


def test_a_match_is_found_and_led_to(page, job, tell):
    tell(printed(0, 500) + "Error: here it is\n" + printed(500, 1000))
    page.goto(job.get_absolute_url())
    page.get_by_label("Search the output").fill("error: HERE")
    page.get_by_label("Search the output").press("Enter")
    found = page.locator("#output-found")
    expect(found).to_contain_text("1 line holds “error: HERE”.")
    expect(found).to_contain_text("501")
    found.get_by_role("link", name="Error: here it is").click()
    hit = page.locator("#hit")
    expect(hit).to_have_text("Error: here")
    expect(hit).to_be_in_viewport()
    expect(page.locator("#output-show-later")).to_be_attached()


def test_long_lines_break_or_do_not_and_the_browser_remembers(page, job, tell):
    tell(f"{'x' * 2000}\n")
    page.goto(job.get_absolute_url())
    wider = "box => box.scrollWidth > box.clientWidth"
    assert not page.locator("#output").evaluate(wider)
    page.get_by_role("button", name="Wrap").click()
    assert page.locator("#output").evaluate(wider)
    page.reload()
    expect(page.get_by_role("button", name="Wrap")).to_have_attribute("aria-pressed", "false")
    assert page.locator("#output").evaluate(wider)


def test_the_output_is_saved_as_text(page, job, tell):
    tell(f"{ESC}[31mred{ESC}[0m\n")
    page.goto(job.get_absolute_url())
    with page.expect_download() as download:
        page.locator("#output-download").click()
    assert download.value.suggested_filename.startswith("alpha-work-on-it-")
    assert download.value.path().read_text() == "red\n"


def test_hostile_output_does_nothing(page, job, tell):
    evil = "<img src=x onerror=alert(1)></pre><script>alert(1)</script>"
    tell(f"{evil}\n{ESC}]0;{evil}\x07{'y' * 30_000}\n")
    page.on("dialog", lambda _dialog: pytest.fail("something was run"))
    page.goto(f"{job.get_absolute_url()}?after=0:0")
    is_live(page)
    tell(f"{evil}\n")
    expect(page.locator("#output-pieces")).to_contain_text("<script>alert(1)</script>")
    expect(page.locator("#output img, #output script")).to_have_count(0)


def test_without_javascript_links_lead_through_the_output(open_page, job, tell):
    tell(printed(0, 250))
    page = open_page(java_script_enabled=False)
    page.goto(job.get_absolute_url())
    pieces = page.locator("#output-pieces")
    expect(pieces).to_contain_text("line 00249")
    page.get_by_role("link", name="From the beginning").click()
    expect(pieces).to_contain_text("line 00000")
    expect(pieces).not_to_contain_text("line 00249")
    page.get_by_role("link", name="Show later output").click()
    expect(pieces).not_to_contain_text("line 00000")
    page.get_by_role("link", name="Show earlier output").click()
    expect(pieces).to_contain_text("line 00100")
    expect(pieces).not_to_contain_text("line 00249")
