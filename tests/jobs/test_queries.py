"""Reading jobs: narrowed to the hosts one may see; output in pages that never cut a character."""

from __future__ import annotations

import uuid

import pytest
from django.http import Http404

from apps.jobs.lease import claim
from apps.jobs.models import Job, JobState
from apps.jobs.output import store_output
from apps.jobs.queries import OUTPUT_PAGE_BYTES, job_get, job_list, jobs_ahead, output_after
from tests.jobs.conftest import make_job


def test_one_sees_the_jobs_of_ones_hosts(host, other_host, owner, viewer, outsider):
    here, there = make_job(host), make_job(other_host)
    assert list(job_list(owner.actor)) == [there, here]
    assert list(job_list(viewer.actor)) == [here]
    assert list(job_list(outsider.actor)) == [there]


def test_a_job_out_of_sight_is_not_there(host, viewer, outsider):
    job = make_job(host)
    assert job_get(actor=viewer.actor, job_id=job.pk) == job
    for actor, job_id in ((outsider.actor, job.pk), (viewer.actor, uuid.uuid4())):
        with pytest.raises(Http404):
            job_get(actor=actor, job_id=job_id)


def test_a_waiting_job_tells_how_many_come_first(host, other_host):
    jobs = [make_job(host) for _ in range(3)]
    make_job(other_host)
    assert [jobs_ahead(job) for job in jobs] == [0, 1, 2]
    claim(host.pk)
    assert [jobs_ahead(Job.objects.get(pk=job.pk)) for job in jobs] == [0, 1, 2]
    Job.objects.filter(pk=jobs[0].pk).update(state=JobState.SUCCEEDED)
    assert [jobs_ahead(Job.objects.get(pk=job.pk)) for job in jobs] == [0, 0, 1]


@pytest.fixture
def job(host):
    return make_job(host, ("/bin/one",), ("/bin/two",), ("/bin/three",))


@pytest.fixture
def store(job):
    lease = claim(job.host_id)
    steps = {step.position: step for step in job.steps.all()}
    return lambda position, data: store_output(lease, steps[position], data)


def read(job: Job, cursor: str = "") -> list[tuple[int, str]]:
    return [(part.step, part.text) for part in output_after(job, cursor)]


def test_nothing_was_printed_yet(job):
    assert output_after(job, "") == []


def test_output_comes_step_by_step_in_order(job, store):
    store(0, b"a1\n")
    store(0, b"a2\n")
    store(2, b"c\n")
    assert read(job) == [(0, "a1\na2\n"), (2, "c\n")]


def test_a_cursor_asks_for_what_comes_after_it(job, store):
    store(0, b"one\n")
    (part,) = output_after(job, "")
    assert (part.cursor, part.more) == ("0:4", False)
    assert output_after(job, part.cursor) == []
    store(0, b"two\n")
    store(1, b"three\n")
    assert read(job, part.cursor) == [(0, "two\n"), (1, "three\n")]
    assert output_after(job, part.cursor)[-1].cursor == "1:6"


@pytest.mark.parametrize("cursor", ["", "x", ":", "1", "-1:0", "0:-1", "٣:٤", "0:x", "0x1:2", "9" * 99])
def test_a_cursor_that_makes_no_sense_begins_anew(job, store, cursor):
    store(0, b"one\n")
    assert read(job, cursor) == [(0, "one\n")]


@pytest.mark.parametrize("cursor", ["9:0", "0:999999999999999999999999", f"{'9' * 99}:0"])
def test_a_cursor_past_the_end_finds_nothing(job, store, cursor):
    store(0, b"one\n")
    assert read(job, cursor) == []


def test_much_output_comes_in_pages(job, store):
    fox = "🦊" * 60_000
    store(0, fox.encode())
    store(1, b"the end")
    pages, cursor, more = [], "", True
    while more:
        parts = output_after(job, cursor)
        pages.append(parts)
        cursor, more = parts[-1].cursor, parts[-1].more
    parts = [part for page in pages for part in page]
    assert "".join(part.text for part in parts if part.step == 0) == fox
    assert parts[-1].text == "the end"
    assert len(pages) > 2
    for page in pages:
        assert sum(len(part.text.encode()) for part in page) < 2 * OUTPUT_PAGE_BYTES


def test_reading_a_page_takes_a_query_for_each_step_at_most(job, store, django_assert_max_num_queries):
    for _ in range(60):
        store(0, b"x" * 500)
    job = Job.objects.prefetch_related("steps").get()
    with django_assert_max_num_queries(3):
        output_after(job, "")


def test_bytes_that_are_no_text_are_shown_as_such(job, store):
    store(0, b"a\xff\xfeb")
    assert read(job) == [(0, "a\ufffd\ufffdb")]
