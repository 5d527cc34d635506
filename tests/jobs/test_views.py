"""Pages of jobs: what is asked for, what ran, what it printed, and who is to be waited for."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from apps.jobs.engine import LOST, advance_lane
from apps.jobs.lease import claim
from apps.jobs.models import Job, JobState, StepState
from tests.fakehost import Program
from tests.jobs.conftest import KIND, make_job


@pytest.fixture
def page(viewer):
    """Give the text of a page as the viewer sees it."""

    def get(job: Job, name: str = "job-detail", **query: str) -> str:
        answer = viewer.client.get(reverse(f"jobs:{name}", args=[job.pk]), query)
        assert answer.status_code == 200
        return answer.content.decode()

    return get


def titles(answer) -> list[str]:
    return re.findall(r'href="/jobs/[0-9a-f-]{36}/">([^<]*)</a>', answer.content.decode())


def test_a_job_shows_its_commands_and_why_each_runs(host, page):
    text = page(make_job(host, ("/bin/echo", "two words"), ("/bin/date",)))
    assert "/bin/echo &#x27;two words&#x27;" in text
    assert "Run /bin/date" in text


def test_a_waiting_job_says_how_many_come_first(host, page):
    first, second, third = (make_job(host) for _ in range(3))
    assert "It starts as soon as a worker is free." in page(first, "job-status")
    assert "1 job of this host comes first." in page(second, "job-status")
    assert "2 jobs of this host come first." in page(third, "job-status")


def test_a_job_whose_worker_died_says_so(host, page):
    job = make_job(host)
    claim(host.pk)
    assert "has not been heard from" not in page(job)
    Job.objects.update(lease_until=timezone.now() - timedelta(minutes=3), lease_owner="worker-7:123")
    text = page(job)
    assert "The worker worker-7:123 that ran this job has not been heard from since" in text
    assert "the next free worker takes the job over" in text


@pytest.mark.parametrize(
    ("program", "words"),
    [
        (Program(), "The panel looked again: what was wanted is true on the host."),
        (Program((b"Error: no space\n",), status=1), "The command ended with status 1. Error: no space"),
        (Program(status=None), LOST.partition(":")[0]),
    ],
    ids=["done", "failed", "lost"],
)
def test_a_job_that_ended_says_how(work, page, program, words):
    job = work(program)
    advance_lane(job.host_id)
    text = page(job)
    assert words in text
    assert "Exit status 1" in text or program.status != 1


@pytest.mark.parametrize(
    ("state", "started", "words"),
    [
        (JobState.FAILED, False, "Nothing was run."),
        (JobState.SUCCEEDED, True, "The commands printed nothing."),
        (JobState.RUNNING, True, "Nothing was printed so far."),
    ],
)
def test_a_job_without_output_says_why(host, page, state, started, words):
    job = make_job(host)
    Job.objects.update(state=state, started_at=timezone.now() if started else None)
    assert words in page(job)


def test_the_list_is_searched_filtered_and_sorted_by_its_address(host, other_host, owner, problems):
    jobs = [make_job(host), make_job(other_host), make_job(host)]
    for job, title in zip(jobs, ("Start web", "Stop mail", "Create db"), strict=True):
        Job.objects.filter(pk=job.pk).update(title=title)
    Job.objects.filter(title="Stop mail").update(state=JobState.FAILED, requester_name="grace")
    for query, wanted in {
        "": ["Create db", "Stop mail", "Start web"],
        "?sort=title": ["Create db", "Start web", "Stop mail"],
        "?state=failed": ["Stop mail"],
        "?q=OMEGA": ["Stop mail"],
        "?q=grace": ["Stop mail"],
        f"?kind={KIND}&state=queued": ["Create db", "Start web"],
        "?state=nonsense": ["Create db", "Stop mail", "Start web"],
        "?q=nothing": [],
    }.items():
        assert titles(owner.client.get(f"/jobs/{query}")) == wanted, query


def test_the_list_is_narrowed_to_what_one_may_see(host, other_host, viewer):
    Job.objects.filter(pk=make_job(other_host).pk).update(title="Hidden")
    make_job(host)
    assert titles(viewer.client.get("/jobs/")) == ["Work on it"]
    assert titles(viewer.client.get("/jobs/?q=hidden")) == []


def test_steps_that_did_not_run_say_so(work, page):
    job = work(Program(status=1), Program())
    advance_lane(job.host_id)
    assert job.steps.get(position=1).state == StepState.SKIPPED
    assert "Skipped" in page(job)
