"""A worker's threads: some are always left for looks and sweeps, and no lane is forgotten."""

from __future__ import annotations

from uuid import uuid4

import pytest

from apps.jobs import lanes, tasks
from apps.jobs.models import Job, JobState
from tests.fakehost import Program

WAKE = "apps.jobs.tasks.advance_lane"


@pytest.fixture(autouse=True)
def _two_threads(settings, monkeypatch):
    settings.JOB_THREADS = 2
    monkeypatch.setattr(lanes, "_threads", lanes._Threads())


def test_no_more_lanes_work_at_once_than_threads_are_for_them():
    places = [lanes.thread_for(uuid4()) for _ in range(3)]
    with places[0] as first, places[1] as second, places[2] as third:
        assert (first, second, third) == (True, True, False)


def test_who_was_turned_away_is_woken_in_turn_and_once(sent):
    early, late = uuid4(), uuid4()
    with lanes.thread_for(uuid4()), lanes.thread_for(uuid4()):
        for host_id in (early, late, early):
            with lanes.thread_for(host_id):
                pass
        assert sent.tasks == []
    assert sent.tasks == [(WAKE, str(early)), (WAKE, str(late))]


def test_a_thread_is_given_back_however_the_work_ends(sent):
    for _ in range(3):
        with pytest.raises(RuntimeError), lanes.thread_for(uuid4()):
            raise RuntimeError
    with lanes.thread_for(uuid4()) as is_free:
        assert is_free


def test_a_lane_that_finds_no_thread_leaves_its_job_waiting(work, sent, fake_host):
    job = work(Program())
    with lanes.thread_for(uuid4()), lanes.thread_for(uuid4()):
        tasks.advance_lane(str(job.host_id))
        assert Job.objects.get().state == JobState.QUEUED
    assert (WAKE, str(job.host_id)) in sent.tasks
