"""The database holds a host's lane to one running job; a job tells when its worker is gone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.jobs.models import Job, JobState, OutputChunk, Step
from tests.jobs.conftest import make_job

RUNNING = {"state": JobState.RUNNING}


def test_two_jobs_of_a_host_cannot_run_at_once(host):
    first, second = make_job(host), make_job(host)
    Job.objects.filter(pk=first.pk).update(**RUNNING)
    with pytest.raises(IntegrityError), transaction.atomic():
        Job.objects.filter(pk=second.pk).update(**RUNNING)
    Job.objects.filter(pk=first.pk).update(state=JobState.SUCCEEDED)
    Job.objects.filter(pk=second.pk).update(**RUNNING)


def test_two_hosts_can_run_a_job_each(host, other_host):
    make_job(host)
    make_job(other_host)
    assert Job.objects.update(**RUNNING) == 2


def test_a_state_that_nobody_knows_is_refused(host):
    make_job(host)
    with pytest.raises(IntegrityError), transaction.atomic():
        Job.objects.update(state="nearly")


def test_a_run_id_is_used_once(host):
    make_job(host)
    with pytest.raises(IntegrityError), transaction.atomic():
        Step.objects.create(
            job=make_job(host),
            position=1,
            run_id=Step.objects.first().run_id,
            argv=[],
            purpose="",
            timeout_s=1,
        )


def test_no_byte_of_output_is_stored_twice(host):
    step = make_job(host).steps.get()
    OutputChunk.objects.create(step=step, offset=0, data=b"x")
    with pytest.raises(IntegrityError), transaction.atomic():
        OutputChunk.objects.create(step=step, offset=0, data=b"y")


@pytest.mark.parametrize(
    ("state", "lease_s", "is_stalled"),
    [
        (JobState.QUEUED, None, False),
        (JobState.RUNNING, 20, False),
        (JobState.RUNNING, -1, True),
        (JobState.SUCCEEDED, -1, False),
        (JobState.LOST, None, False),
    ],
)
def test_a_running_job_is_stalled_once_its_lease_is_over(host, state, lease_s, is_stalled):
    job = make_job(host)
    job.state = state
    job.lease_until = None if lease_s is None else timezone.now() + timedelta(seconds=lease_s)
    assert job.is_stalled is is_stalled


@pytest.mark.parametrize("state", JobState)
def test_open_is_what_may_still_change(state):
    ended = {JobState.SUCCEEDED, JobState.FAILED, JobState.LOST, JobState.CANCELLED}
    assert Job(state=state).is_open == (state not in ended)


def test_a_removed_host_takes_its_jobs_and_their_output_along(host):
    OutputChunk.objects.create(step=make_job(host).steps.get(), offset=0, data=b"x")
    host.delete()
    assert [kind.objects.count() for kind in (Job, Step, OutputChunk)] == [0, 0, 0]


def test_a_removed_account_leaves_its_jobs(host, owner):
    make_job(host, actor=owner.actor)
    owner.user.delete()
    job = Job.objects.get()
    assert (job.requester, job.requester_name) == (None, "owner")
