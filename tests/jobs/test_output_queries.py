"""Pages of output: from any place, in whole lines, the same text however it was stored and is read."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from apps.jobs import output, output_queries, terminal
from apps.jobs.lease import claim
from apps.jobs.models import Job, OutputChunk, Step
from apps.jobs.output import store_output
from apps.jobs.output_queries import OutputPage, Place, output_after, output_around, output_before
from apps.jobs.output_reading import stretches
from apps.jobs.output_search import output_search, pattern_of
from apps.jobs.output_text import last_text, output_text
from tests.jobs.conftest import make_job

ESC = "\x1b"


@pytest.fixture
def job(host):
    return make_job(host, ("/bin/one",), ("/bin/two",), ("/bin/three",))


@pytest.fixture
def store(job):
    lease = claim(job.host_id)
    steps = {step.position: step for step in job.steps.all()}
    return lambda position, data: store_output(lease, steps[position], data)


def fresh(job: Job) -> Job:
    return Job.objects.prefetch_related("steps").select_related("host").get(pk=job.pk)


def texts(page: OutputPage) -> list[tuple[int, str]]:
    return [(part.step, part.text) for part in page.parts]


def text(page: OutputPage) -> str:
    return "".join(part.text for part in page.parts)


def place(page: OutputPage) -> Place:
    """From where on an open page asks for more, as its field has it."""
    return Place.parse(str(page.end))


def forwards(job: Job, start: Place | None = None) -> list[OutputPage]:
    pages = [output_after(job, start or Place())]
    while pages[-1].has_later:
        pages.append(output_after(job, place(pages[-1])))
    return pages


def backwards(job: Job) -> list[OutputPage]:
    pages = [output_before(job)]
    while pages[0].has_earlier:
        pages.insert(0, output_before(job, Place.parse(pages[0].begin)))
    return pages


# -- one page after the other ---------------------------------------------------------------------------


def test_nothing_was_printed_yet(job):
    job = fresh(job)
    assert output_before(job) == OutputPage([], Place())
    assert output_after(job, Place()) == OutputPage([], Place())


def test_output_comes_step_by_step_in_order(job, store):
    store(0, b"a1\n")
    store(0, b"a2\n")
    store(2, b"c\n")
    assert texts(output_before(fresh(job))) == [(0, "a1\na2\n"), (2, "c\n")]
    assert texts(output_after(fresh(job), Place())) == [(0, "a1\na2\n"), (2, "c\n")]


def test_an_open_page_asks_for_what_comes_after_it(job, store):
    store(0, b"one\n")
    page = output_before(fresh(job))
    assert str(page.end) == "0:4:4"
    assert output_after(fresh(job), place(page)).parts == []
    store(0, b"two\n")
    store(1, b"three\n")
    more = output_after(fresh(job), place(page))
    assert texts(more) == [(0, "two\n"), (1, "three\n")]
    assert (more.replaces, str(more.end)) == (False, "1:6:6")


def test_a_line_that_goes_on_is_shown_anew(job, store):
    store(0, b"one\nfetching: 1")
    page = output_before(fresh(job))
    assert [(part.text, part.is_open) for part in page.parts] == [("one\n", False), ("fetching: 1", True)]
    assert output_after(fresh(job), place(page)).parts == []
    store(0, b"4 %\r")
    more = output_after(fresh(job), place(page))
    assert (texts(more), more.replaces) == ([(0, "fetching: 14 %")], True)
    store(0, b"done          \n")
    last = output_after(fresh(job), place(more))
    assert (texts(last), last.replaces) == ([(0, "done          \n")], True)
    assert not last.parts[0].is_open


def test_a_line_without_an_end_ends_with_its_step(job, store):
    store(0, b"no end")
    page = output_before(fresh(job))
    store(1, b"next\n")
    more = output_after(fresh(job), place(page))
    assert (texts(more), more.replaces) == ([(0, "no end"), (1, "next\n")], True)
    assert [part.is_open for part in more.parts] == [False, False]
    assert output_after(fresh(job), place(more)).parts == []


@pytest.mark.parametrize(
    "cursor", ["", "x", ":", "1", "-1:0", "0:-1", "٣:٤", "0:x", "0x1:2", "9" * 99, "0:0:0:0"]
)
def test_a_place_that_makes_no_sense_is_none(cursor):
    assert Place.parse(cursor) is None


@pytest.mark.parametrize("cursor", ["9:0", "0:999999999999999999999999", f"{'9' * 99}:0"])
def test_a_place_past_the_end_finds_nothing_after_it(job, store, cursor):
    store(0, b"one\n")
    assert output_after(fresh(job), Place.parse(cursor)).parts == []
    assert text(output_before(fresh(job), Place.parse(cursor))) == "one\n"
    assert text(output_around(fresh(job), Place.parse(cursor))) in ("", "one\n")


def test_much_output_is_read_in_pages_from_both_ends(job, store):
    wanted = "".join(f"{number:05} 🦊 of many\n" for number in range(30_000))
    store(0, wanted.encode())
    store(1, b"the end")
    job = fresh(job)
    for pages in (forwards(job), backwards(job)):
        assert "".join(text(page) for page in pages) == f"{wanted}the end"
        assert len(pages) > 4
        for page in pages:
            assert len(text(page).encode()) < 2 * output_queries.PAGE_BYTES
    assert (backwards(job)[0].has_earlier, backwards(job)[0].has_later) == (False, True)


def test_a_page_opens_with_the_end_of_much_output(job, store):
    store(0, b"first\n" + b"x" * 99 + b"\n" + b"a line\n" * 50_000)
    page = output_before(fresh(job))
    assert set(text(page).splitlines()) == {"a line"}
    assert 100_000 < len(text(page)) < 200_000
    assert (page.has_earlier, page.has_later) == (True, False)


def test_a_line_of_a_megabyte_is_shown_whole_in_pages(job, store):
    store(0, b"x" * 1_000_000 + b"\nnext\n")
    for pages in (forwards(fresh(job)), backwards(fresh(job))):
        assert "".join(text(page) for page in pages) == "x" * 1_000_000 + "\nnext\n"
        assert all(len(text(page)) < 200_000 for page in pages)


def test_a_page_around_a_line_holds_what_stands_before_and_after_it(job, store):
    wanted = "".join(f"line {number:05}\n" for number in range(40_000))
    store(0, wanted.encode())
    at = wanted.index("line 20000")
    page = output_around(fresh(job), Place(0, at, at))
    assert "line 19999\nline 20000\nline 20001\n" in text(page)
    assert any(line.start == at for part in page.parts for line in part.lines)
    assert page.has_earlier
    assert page.has_later


def test_colours_that_were_set_before_a_page_are_known(job, store, monkeypatch):
    monkeypatch.setattr(output_queries, "PAGE_BYTES", 8)
    store(0, f"{ESC}[31mred\n".encode())
    store(0, b"red too\n")
    (part,) = output_before(fresh(job)).parts
    assert [run.style.css for run in part.lines[0].runs] == ["t-1", ""]


def test_reading_a_page_takes_few_queries_however_much_there_is(job, store, django_assert_max_num_queries):
    for number in range(60):
        store(0, b"a line of output\n" * number)
    job = fresh(job)
    for read in (output_before, lambda job: output_after(job, Place(0, 17, 17))):
        with django_assert_max_num_queries(5):
            read(job)


# -- what is not stored ---------------------------------------------------------------------------------


@pytest.fixture
def gap(job, store, settings, monkeypatch):
    """Output of which the middle is left out: 10 lines are kept at its beginning, some more at its end."""
    settings.JOB_OUTPUT_KEEP_BYTES = 50
    monkeypatch.setattr(output, "TAIL_BYTES", 20)
    monkeypatch.setattr(output, "MAX_CHUNK_BYTES", 10)
    for number in range(100):
        store(0, b"%04d\n" % number)
    store(0, b"".join(b"%04d\n" % number for number in range(100, 200)))
    return fresh(job)


def test_what_is_left_out_is_said_in_its_place(gap):
    page = output_after(gap, Place())
    first, last = page.parts
    assert first.text == "".join(f"{number:04}\n" for number in range(10))
    assert last.text == "0196\n0197\n0198\n0199\n"
    assert (first.left_out, last.left_out) == (0, 1000 - 50 - 20)
    assert output_before(gap) == page


def test_pages_lead_over_what_is_left_out_in_both_directions(gap, monkeypatch):
    whole = text(output_after(gap, Place()))
    monkeypatch.setattr(output_queries, "PAGE_BYTES", 20)
    for pages in (forwards(gap), backwards(gap)):
        assert "".join(text(page) for page in pages) == whole
        assert sum(part.left_out for page in pages for part in page.parts) == 930


def test_a_page_that_was_left_behind_by_a_flood_says_what_it_missed(gap):
    more = output_after(gap, Place(0, 500, 500))
    assert [(part.left_out, part.text) for part in more.parts] == [(480, "0196\n0197\n0198\n0199\n")]


def test_the_file_says_what_is_left_out_and_where_the_whole_is(gap):
    lines = "".join(output_text(gap)).splitlines()
    step = gap.steps.all()[0]
    assert lines[:10] == [f"{number:04}" for number in range(10)]
    kept = f"/var/db/jailpanel/runs/{step.run_id}/output"
    assert lines[10] == f"[930 B are not kept here. For 14 days the whole is on alpha: {kept}]"
    assert lines[11:] == ["0196", "0197", "0198", "0199"]


def test_a_search_does_not_count_lines_where_nobody_knows_them(gap):
    found = output_search(gap, pattern_of("01"))
    assert [(match.number, match.offset) for match in found.matches] == [
        (2, 5), (None, 980), (None, 985), (None, 990), (None, 995)
    ]  # fmt: skip


# -- however it is stored, and whenever it is read ------------------------------------------------------

PIECES = st.sampled_from(
    ["a\n", "é", "字字字字", "\n", "\r\n", "\r", "\r12%", f"{ESC}[31m", f"{ESC}[K", "x" * 30, "\b"]
)


@pytest.fixture(params=[10, 60, 1000])
def short(request, monkeypatch):
    """Short pages, and lines that are soon too long."""
    monkeypatch.setattr(output_queries, "PAGE_BYTES", request.param)
    monkeypatch.setattr(terminal, "LONG_BYTES", 64)


@examples(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    pieces=st.lists(st.lists(PIECES, max_size=4).map("".join), max_size=12),
    steps=st.lists(st.integers(0, 2), min_size=12, max_size=12).map(sorted),
    looks=st.sets(st.integers(0, 12)),
)
def test_whoever_follows_sees_what_one_who_comes_late_sees(job, short, pieces, steps, looks):
    """An open page shows what it was given; where a piece says so, it goes in place of the last line."""
    OutputChunk.objects.all().delete()
    Step.objects.update(output_bytes=0)
    lease, stored = (
        SimpleNamespace(job_id=job.pk, renew=lambda: None),
        {s.position: s for s in job.steps.all()},
    )
    shown, end = [], Place()
    for number, (piece, position) in enumerate(zip(pieces, steps, strict=False)):
        store_output(lease, stored[position], piece.encode())
        while number in looks or number == len(pieces) - 1:
            page = output_after(fresh(job), end)
            shown = shown[:-1] if page.replaces else shown
            shown += page.parts
            end = place(page)
            assert [part.is_open for part in shown[:-1]] == [False] * len(shown[:-1])
            if not page.has_later:
                break
    late = [part for page in forwards(fresh(job)) for part in page.parts]
    for position in range(3):
        ours = "".join(part.text for part in shown if part.step == position)
        assert ours == "".join(part.text for part in late if part.step == position)


# -- search ---------------------------------------------------------------------------------------------


def found(job: Job, wanted: str) -> list[tuple[int, int | None, str]]:
    matches = output_search(fresh(job), pattern_of(wanted)).matches
    return [(match.step, match.number, f"{match.before}[{match.text}]{match.after}") for match in matches]


def test_a_search_finds_lines_in_any_case_and_through_colours(job, store):
    store(0, f"first\nan {ESC}[31mErr{ESC}[1mor{ESC}[0m here\n".encode())
    store(1, b"no\nERROR: 2\r\n 1%\r 2% error\n")
    assert found(job, "error") == [
        (0, 2, "an [Error] here"),
        (1, 2, "[ERROR]: 2"),
        (1, 3, " 2% [error]"),
    ]


def test_what_is_searched_for_is_no_pattern(job, store):
    store(0, b"a.c (x)\nabc\n")
    assert found(job, "a.c") == [(0, 1, "[a.c] (x)")]
    assert found(job, "(X") == [(0, 1, "a.c [(x])")]


def test_nothing_is_searched_for():
    assert pattern_of("") is None
    assert pattern_of("  ") is None


def test_a_search_lists_so_many_lines_and_says_that_there_are_more(job, store, monkeypatch):
    monkeypatch.setattr("apps.jobs.output_search.MOST_MATCHES", 3)
    store(0, b"match\n" * 3)
    assert output_search(fresh(job), pattern_of("match")).is_all
    store(0, b"match\n")
    result = output_search(fresh(job), pattern_of("match"))
    assert (len(result.matches), result.is_all) == (3, False)


def test_a_search_shows_of_a_long_line_what_is_around_the_match(job, store):
    store(0, b"x" * 500 + b"here" + b"y" * 500 + b"\n")
    ((_, _, line),) = found(job, "here")
    assert line == "x" * 80 + "[here]" + "y" * 80


# -- all of it ------------------------------------------------------------------------------------------


def test_the_file_holds_every_line_without_escape_sequences(job, store):
    Step.objects.update(started_at="2026-11-24T09:00Z")
    store(0, f"{ESC}[31mred{ESC}[0m\r\nno end".encode())
    store(2, b" 1%\r 2%\n")
    assert "".join(output_text(fresh(job))) == "# /bin/one\nred\nno end\n# /bin/two\n# /bin/three\n 2%\n"


def test_much_output_is_read_a_little_at_a_time(job, store):
    store(0, b"a line\n" * 200_000)
    parts = list(stretches(job.steps.all()[0]))
    assert b"".join(line.data for part in parts for line in part.lines) == b"a line\n" * 200_000
    assert max(sum(len(line.data) for line in part.lines) for part in parts) < 400_000


def test_the_last_text_is_what_a_terminal_shows_of_the_end(job, store):
    step = job.steps.all()[0]
    assert last_text(step) == ""
    store(0, b"early\n" * 20_000)
    for piece in (f"{ESC}[31mError: ", f"no{ESC}[0m", "\n", " 1%\r", " 2%"):
        store(0, piece.encode())
    assert last_text(step).endswith("early\nError: no\n 2%")
    assert len(last_text(step)) < 100_000
