"""What a job printed, on its page and as a file."""

from __future__ import annotations

import re
from html import unescape

import pytest
from asgiref.sync import async_to_sync
from django.test import AsyncClient
from django.urls import reverse

from apps.jobs import output_queries
from apps.jobs.engine import advance_lane
from apps.jobs.lease import claim
from apps.jobs.models import Job
from apps.jobs.output import store_output
from tests.fakehost import Program
from tests.jobs.conftest import make_job

ESC = "\x1b"
HOSTILE = (
    "<script>alert(1)</script>",
    f"{ESC}]0;<img src=x onerror=alert(1)>\x07",
    f'{ESC}[31m" onmouseover="alert(1)" <b>{ESC}[0m',
    "</pre><h1>no</h1>",
    "\x00\x07\x9b31m\ufffe&lt;",
)


@pytest.fixture
def job(host):
    return make_job(host)


@pytest.fixture
def store(job):
    lease, step = claim(job.host_id), job.steps.get()
    return lambda text: store_output(lease, step, text.encode())


@pytest.fixture
def page(viewer):
    """Give the text of a page as the viewer sees it."""

    def get(job: Job, name: str = "job-detail", **query: str) -> str:
        answer = viewer.client.get(reverse(f"jobs:{name}", args=[job.pk]), query)
        assert answer.status_code == 200
        return answer.content.decode()

    return get


def parts(html: str) -> list[tuple[str, str]]:
    """The pieces of output: position of the step, and HTML."""
    return re.findall(r'<pre class="output-part" data-step="(\d+)">\n(.*?)</pre>', html, re.DOTALL)


def text(html: str) -> str:
    return unescape(re.sub(r"</?(?:span|mark)[^>]*>", "", "".join(part for _, part in parts(html))))


def end_of(html: str) -> str:
    """From where on the page asks for more output."""
    return re.search(r'id="output-cursor"\s+name="after"\s+value="([^"]*)"', html)[1]


def is_hidden(html: str, bar: str) -> bool:
    return "hidden" in re.search(rf'<div class="output-bar"\s+id="{bar}"([^>]*)>', html)[1]


# -- the page -----------------------------------------------------------------------------------------------


def test_the_page_holds_all_that_was_printed_so_far_once(work, page):
    job = work(Program((b"one\n", b"two <b>\n")), Program((b"three\n",)))
    advance_lane(job.host_id)
    for _ in range(2):
        assert parts(page(job)) == [("0", "one\ntwo &lt;b&gt;\n"), ("1", "three\n")]
    assert end_of(page(job)) == "1:6:6"
    assert is_hidden(page(job), "output-earlier")
    assert is_hidden(page(job), "output-later")


def test_a_page_that_was_open_asks_for_the_rest_alone(job, store, page):
    store("one\n")
    end = end_of(page(job))
    store("two\n")
    html = page(job, "job-output", after=end)
    assert parts(html) == [("0", "two\n")]
    assert re.findall(r'data-place="([^"]*)"', html) == ["0:4"]
    assert 'value="0:8:8" hx-swap-oob="true"' in html
    assert "delete" not in html


def test_a_page_that_has_all_gets_its_place_back(job, store, page):
    store("one\n")
    html = page(job, "job-output", after="0:4:4")
    assert parts(html) == []
    assert end_of(html) == "0:4:4"


def test_a_line_that_was_not_at_its_end_goes_when_it_comes_again(job, store, page):
    store("so f")
    html = page(job)
    assert 'id="output-open"' in html
    store("ar\n")
    html = page(job, "job-output", after=end_of(html))
    assert text(html) == "so far\n"
    assert re.search(r'<div id="output-open" hx-swap-oob="delete"></div>', html)
    assert html.count('id="output-open"') == 1


def test_a_page_opens_with_the_end_and_leads_to_what_stands_before(job, store, page, monkeypatch):
    monkeypatch.setattr(output_queries, "PAGE_BYTES", 8)
    for number in range(9):
        store(f"line {number}\n")
    html = page(job)
    assert text(html) == "line 8\n"
    assert not is_hidden(html, "output-earlier")
    assert is_hidden(html, "output-later")
    before = re.search(r'name="before"\s+value="([^"]*)"', html)[1]
    earlier = page(job, "job-output", before=before)
    assert text(earlier) == "line 7\n"
    assert "output-cursor" not in earlier
    assert "output-later" not in earlier
    first = page(job, after="0:0")
    assert text(first).startswith("line 0\n")
    assert is_hidden(first, "output-earlier")
    assert not is_hidden(first, "output-later")
    assert 'data-opens="start"' in first


def test_a_page_that_follows_asks_on_by_itself(job, store, viewer, monkeypatch):
    monkeypatch.setattr(output_queries, "PAGE_BYTES", 4)
    for _ in range(3):
        store("12345\n")
    url = reverse("jobs:job-output", args=[job.pk])
    first = viewer.client.get(url, {"after": "0:0", "live": ""})
    assert "panel:more" in first.headers["HX-Trigger-After-Swap"]
    assert is_hidden(first.content.decode(), "output-later")
    last = viewer.client.get(url, {"after": "0:12:12", "live": ""})
    assert "HX-Trigger-After-Swap" not in last.headers
    asked_by_a_person = viewer.client.get(url, {"after": "0:0"})
    assert "HX-Trigger-After-Swap" not in asked_by_a_person.headers
    assert not is_hidden(asked_by_a_person.content.decode(), "output-later")


def test_what_is_left_out_is_said_on_the_page(job, store, page, settings, monkeypatch):
    settings.JOB_OUTPUT_KEEP_BYTES = 10
    monkeypatch.setattr("apps.jobs.output.TAIL_BYTES", 10)
    store("0123456789\n" * 1000)
    html = page(job)
    run_id = job.steps.get().run_id
    assert re.search(r'<div class="output-gap">10.7 KiB are not kept here', html)
    assert f"/var/db/jailpanel/runs/{run_id}/output" in html


@pytest.mark.parametrize("hostile", HOSTILE)
def test_whatever_is_printed_stays_text(job, store, page, hostile):
    store(f"{hostile}\nnext\n")
    for html in (page(job), page(job, q="alert"), page(job, q="<b>", at="0:0")):
        for _, part in parts(html):
            assert set(re.findall(r"<[^>]*>", part)) <= {
                '<span class="t-1">', "</span>", '<mark class="t-1">', '<mark class="">', "</mark>",
                '<mark id="hit" class="t-1">', '<mark id="hit" class="">',
            }  # fmt: skip
        assert text(html).endswith("\nnext\n")
        assert ESC not in html
        assert "<h1>no" not in html
        assert "<script>alert" not in html


def test_colours_are_classes(job, store, page):
    store(f"{ESC}[1;31mError{ESC}[0m: no\n")
    assert parts(page(job)) == [("0", '<span class="t-bold t-1">Error</span>: no\n')]


# -- search -------------------------------------------------------------------------------------------------


def test_a_search_lists_lines_and_leads_to_each(job, store, page):
    store("first\nno ERROR here\nlast\n")
    html = page(job, q="error")
    (link,) = re.findall(r'href="(\?q=error&amp;at=[^"]*)"', html)
    assert unescape(link) == "?q=error&at=0:6#hit"
    assert "1 line holds “error”" in html
    assert "no <mark>ERROR</mark> here" in html
    assert parts(html) == [("0", 'first\nno <mark class="">ERROR</mark> here\nlast\n')]
    there = page(job, q="error", at="0:6")
    assert 'no <mark id="hit" class="">ERROR</mark> here' in there


def test_a_search_that_finds_nothing_says_so(job, store, page):
    store("first\n")
    assert "Nothing that is kept of the output holds “&lt;b&gt;”." in page(job, q="<b>")


def test_what_comes_while_one_searches_is_marked_too(job, store, page):
    end = end_of(page(job, q="x"))
    store("axb\n")
    assert parts(page(job, "job-output", after=end, q="x")) == [("0", 'a<mark class="">x</mark>b\n')]


def test_a_match_that_changes_its_colour_is_marked_whole(job, store, page):
    store(f"an er{ESC}[31mror\n")
    marked = 'an <mark class="">er</mark><mark class="t-1">ror</mark>\n'
    assert parts(page(job, q="error")) == [("0", marked)]


# -- the file ------------------------------------------------------------------------------------------


def test_the_file_is_plain_text_with_a_name_that_says_what_it_is(job, store, viewer):
    store(f"{ESC}[31mred{ESC}[0m\r\n 1%\r 2%\n")
    answer = viewer.client.get(reverse("jobs:job-download", args=[job.pk]))
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    name = f"alpha-work-on-it-{job.created_at:%Y%m%d-%H%M}.txt"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}"'
    assert answer.getvalue().decode() == "red\n 2%\n"


def test_a_large_file_is_sent_a_little_at_a_time(job, store, viewer):
    store("a line of output\n" * 100_000)
    answer = viewer.client.get(reverse("jobs:job-download", args=[job.pk]))
    pieces = list(answer.streaming_content)
    assert b"".join(pieces) == b"a line of output\n" * 100_000
    assert len(pieces) > 4


def test_an_asynchronous_server_does_not_gather_it_first(job, store, viewer):
    store("a line\n" * 100_000)
    client = AsyncClient()
    client.cookies = viewer.client.cookies

    async def sizes() -> list[int]:
        answer = await client.get(reverse("jobs:job-download", args=[job.pk]))
        assert answer.is_async
        return [len(piece) async for piece in answer.streaming_content]

    found = async_to_sync(sizes)()
    assert sum(found) == 700_000
    assert len(found) > 2
