"""How far a job is: in steps, in the tool's own percentage, and in words."""

from __future__ import annotations

import pytest

from apps.jobs.models import Job, JobState, Step, StepState
from apps.jobs.progress import Progress, progress_of, with_progress
from tests.jobs.conftest import make_job

RUNNING, FAILED = JobState.RUNNING, JobState.FAILED


@pytest.mark.parametrize(
    ("progress", "share", "text"),
    [
        (Progress(0, 1, RUNNING), 0, ""),
        (Progress(0, 1, RUNNING, percent=40), 40, "40 %"),
        (Progress(1, 4, RUNNING), 25, "1 of 4"),
        (Progress(1, 4, RUNNING, percent=50), 37, "1 of 4 · 50 %"),
        (Progress(1, 4, RUNNING, percent=250), 50, "1 of 4 · 100 %"),
        (Progress(4, 4, RUNNING), 100, "looks again"),
        (Progress(4, 4, JobState.SUCCEEDED), 100, "4 of 4"),
        (Progress(2, 4, FAILED), 50, "2 of 4"),
        (Progress(0, 0, RUNNING), 0, ""),
        (Progress(5, 12, RUNNING, failed=1, unit="job"), 41, "5 of 12 · 1 failed"),
        (Progress(3, 3, RUNNING, unit="job"), 100, "3 of 3"),
    ],
)
def test_progress_is_a_share_and_a_few_words(progress, share, text):
    assert (progress.share, progress.text) == (share, text)


@pytest.mark.parametrize(
    ("progress", "title"),
    [
        (Progress(0, 1, RUNNING), "0 of 1 step done."),
        (Progress(1, 3, RUNNING, percent=7), "1 of 3 steps done; the command that runs says 7 %."),
        (Progress(5, 12, RUNNING, failed=1, unit="job"), "5 of 12 jobs ended, 1 failed."),
    ],
)
def test_progress_is_a_sentence(progress, title):
    assert progress.title == title


def test_one_step_without_a_percentage_cannot_be_measured():
    assert not Progress(0, 1, RUNNING).is_measured
    assert Progress(0, 1, RUNNING, percent=0).is_measured
    assert Progress(0, 2, RUNNING).is_measured


@pytest.fixture
def job(host) -> Job:
    job = make_job(host, ("/bin/one",), ("/bin/two",), ("/bin/three",))
    Job.objects.update(state=RUNNING)
    Step.objects.filter(position=0).update(state=StepState.SUCCEEDED, percent=100)
    Step.objects.filter(position=1).update(state=StepState.RUNNING, percent=30)
    job.refresh_from_db()
    return job


def test_steps_that_succeeded_are_done_and_only_the_one_that_runs_has_a_percentage(job):
    assert progress_of(job) == Progress(1, 3, RUNNING, percent=30)


def test_the_percentage_of_a_job_that_ended_is_not_told(job):
    Job.objects.update(state=JobState.LOST)
    assert progress_of(Job.objects.get()).percent is None


def test_lists_fetch_the_steps_of_all_jobs_at_once(job, other_host, django_assert_num_queries):
    make_job(other_host)
    with django_assert_num_queries(2):
        assert [progress_of(row).total for row in with_progress(Job.objects.order_by("created_at"))] == [3, 1]
