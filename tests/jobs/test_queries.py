"""Reading jobs: narrowed to the hosts one may see."""

from __future__ import annotations

import uuid

import pytest
from django.http import Http404

from apps.jobs.lease import claim
from apps.jobs.models import Job, JobState
from apps.jobs.queries import job_get, job_list, jobs_ahead
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
