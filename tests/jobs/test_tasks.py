"""Celery's entry points: they may come twice, late or never, and the database stays right."""

from __future__ import annotations

import os
from datetime import timedelta
from unittest import mock

from celery.signals import worker_ready, worker_shutting_down
from django.utils import timezone

from apps.jobs import steprun, tasks
from apps.jobs.lease import claim
from apps.jobs.models import Job, JobState
from tests.fakehost import Program
from tests.jobs.conftest import make_job

WAKE = "apps.jobs.tasks.advance_lane"


def test_running_a_job_wakes_the_lane_for_the_next(work, sent):
    job = work(Program())
    tasks.advance_lane(str(job.host_id))
    assert Job.objects.get().state == JobState.SUCCEEDED
    assert sent.tasks == [(WAKE, str(job.host_id))]


def test_a_wake_up_for_nothing_asks_for_nothing(host, gateway, sent):
    tasks.advance_lane(str(host.pk))
    assert sent.tasks == []


def test_a_wake_up_that_comes_twice_runs_the_job_once(work, fake_host, sent):
    job = work(Program())
    tasks.advance_lane(str(job.host_id))
    tasks.advance_lane(str(job.host_id))
    assert len(fake_host.started()) == 1
    assert len(sent.tasks) == 1


def test_the_sweeper_wakes_what_waits_or_was_left(host, other_host, sent):
    """Wake-ups were lost; a worker died."""
    make_job(host)
    make_job(host)
    make_job(other_host)
    claim(other_host.pk)
    Job.objects.filter(host=other_host).update(lease_until=timezone.now() - timedelta(seconds=1))
    tasks.sweep()
    assert sorted(sent.tasks) == sorted([(WAKE, str(host.pk)), (WAKE, str(other_host.pk))])


def test_the_sweeper_lets_those_work_who_do(host, other_host, sent):
    make_job(host)
    claim(host.pk)
    make_job(other_host)
    Job.objects.filter(host=other_host).update(state=JobState.FAILED)
    tasks.sweep()
    assert sent.tasks == []


def test_what_a_dead_worker_left_is_swept_up_and_brought_to_its_end(work, fake_host, sent):
    job = work(Program((b"one\n",)))
    claim(job.host_id)
    Job.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    tasks.sweep()
    ((_, host_id),) = sent.tasks
    tasks.advance_lane(host_id)
    job.refresh_from_db()
    assert (job.state, job.fence) == (JobState.SUCCEEDED, 2)


def test_a_worker_that_starts_asks_for_a_sweep(sent):
    worker_ready.send(None)
    assert ("apps.jobs.tasks.sweep",) in sent.tasks


def test_a_worker_that_shuts_down_lets_go_and_ends_in_time(monkeypatch):
    assert not steprun.stopping.is_set()
    timers = []
    monkeypatch.setattr(tasks.threading, "Timer", lambda *how: timers.append(how) or mock.Mock())
    worker_shutting_down.send(None)
    assert timers == [(tasks.END_S, os._exit, (0,))]
    assert steprun.stopping.is_set()


def test_someone_sweeps_every_minute(settings):
    entries = settings.CELERY_BEAT_SCHEDULE.values()
    assert [entry["schedule"] <= 60 for entry in entries if entry["task"] == "apps.jobs.tasks.sweep"] == [
        True
    ]
