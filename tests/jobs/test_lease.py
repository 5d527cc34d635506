"""Holding a job: one worker a host, taken over when it is gone, and shut out when it comes back late."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from django.db import DatabaseError
from django.utils import timezone

from apps.jobs.engine import advance_lane
from apps.jobs.lease import Lease, LeaseLost, _take, claim, kept_alive, worker_name
from apps.jobs.models import Job, JobState, OutputChunk
from apps.jobs.output import store_output
from tests.jobs.conftest import make_job
from tests.places import make_host
from tests.services import eventually
from tests.threads import at_once


def expire(job: Job) -> None:
    """The worker has died: its lease runs out."""
    Job.objects.filter(pk=job.pk).update(lease_until=timezone.now() - timedelta(seconds=1))


def taken(job: Job) -> Lease:
    lease = claim(job.host_id)
    assert lease is not None
    return lease


def test_claiming_makes_the_job_run_under_this_worker(host, settings):
    job = make_job(host)
    lease = taken(job)
    job.refresh_from_db()
    assert (lease.job_id, lease.fence) == (job.pk, 1)
    assert (job.state, job.lease_owner, job.fence) == (JobState.RUNNING, worker_name(), 1)
    left_s = (job.lease_until - timezone.now()).total_seconds()
    assert settings.JOB_LEASE_S - 5 < left_s <= settings.JOB_LEASE_S
    assert job.started_at is not None


def test_there_is_nothing_to_claim_on_a_quiet_host(host):
    assert claim(host.pk) is None


def test_the_oldest_job_comes_first(host):
    older, newer = make_job(host), make_job(host)
    Job.objects.filter(pk=newer.pk).update(created_at=timezone.now() - timedelta(hours=1))
    assert taken(older).job_id == newer.pk


def test_a_host_that_is_busy_gives_no_second_job(host):
    job = make_job(host)
    make_job(host)
    taken(job)
    assert claim(host.pk) is None
    assert Job.objects.filter(state=JobState.QUEUED).count() == 1


def test_other_hosts_are_not_kept_waiting(host, other_host):
    taken(make_job(host))
    assert taken(make_job(other_host)).fence == 1


def test_a_job_whose_worker_is_gone_is_taken_over_before_any_that_waits(host):
    job, _waiting = make_job(host), make_job(host)
    first = taken(job)
    began = Job.objects.get(pk=job.pk).started_at
    expire(job)
    second = taken(job)
    job.refresh_from_db()
    assert (second.job_id, second.fence) == (job.pk, first.fence + 1)
    assert (job.started_at, job.is_stalled) == (began, False)


def test_a_worker_that_comes_back_late_can_write_nothing(host):
    job = make_job(host)
    late = taken(job)
    expire(job)
    taken(job)
    step = job.steps.get()
    for write in (
        late.renew,
        late.let_go,
        partial(late.update, state=JobState.FAILED),
        partial(store_output, late, step, b"late words"),
    ):
        with pytest.raises(LeaseLost):
            write()
    job.refresh_from_db()
    step.refresh_from_db()
    assert (job.state, job.is_stalled, step.output_bytes) == (JobState.RUNNING, False, 0)
    assert not OutputChunk.objects.exists()


def test_a_worker_can_write_nothing_to_a_job_that_has_ended(host):
    job = make_job(host)
    lease = taken(job)
    lease.update(state=JobState.SUCCEEDED, lease_until=None)
    with pytest.raises(LeaseLost):
        lease.renew()


def test_renewing_keeps_the_job(host):
    job = make_job(host)
    lease = taken(job)
    expire(job)
    lease.renew()
    job.refresh_from_db()
    assert not job.is_stalled
    assert claim(host.pk) is None


def test_what_is_let_go_can_be_taken_at_once(host):
    job = make_job(host)
    taken(job).let_go()
    assert taken(job).fence == 2


def test_a_worker_that_had_looked_before_another_took_the_lane_gets_nothing(host):
    job, next_job = make_job(host), make_job(host)
    taken(job)
    assert _take(next_job, Job.objects.filter(state=JobState.QUEUED)) is None
    next_job.refresh_from_db()
    assert next_job.state == JobState.QUEUED


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("round_", range(3))
def test_of_workers_that_claim_at_once_one_wins(round_, sent):
    host = make_host("alpha")
    jobs = [make_job(host) for _ in range(3)]
    leases = at_once(*[partial(claim, host.pk)] * 6)
    won = [lease for lease in leases if lease is not None]
    assert [type(lease) for lease in won] == [Lease]
    assert won[0].job_id in {job.pk for job in jobs}
    assert Job.objects.filter(state=JobState.RUNNING).count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_workers_that_take_over_at_once_one_wins(sent):
    job = make_job(make_host("alpha"))
    taken(job)
    expire(job)
    leases = at_once(*[partial(claim, job.host_id)] * 6)
    assert [lease.fence for lease in leases if lease is not None] == [2]


@pytest.mark.django_db(transaction=True)
def test_a_lease_is_renewed_for_as_long_as_the_work_takes(sent, settings):
    settings.JOB_LEASE_S = 0.15
    job = make_job(make_host("alpha"))
    lease = taken(job)
    first = Job.objects.get().lease_until
    with kept_alive(lease):
        eventually(lambda: Job.objects.get().lease_until > first + timedelta(seconds=0.3))
        assert claim(job.host_id) is None
    eventually(lambda: Job.objects.get().is_stalled)


@pytest.mark.django_db(transaction=True)
def test_a_database_that_fails_for_a_moment_does_not_end_the_renewing(sent, settings, monkeypatch, caplog):
    settings.JOB_LEASE_S = 0.15
    job = make_job(make_host("alpha"))
    lease = taken(job)
    first = Job.objects.get().lease_until
    renew, failed = Lease.renew, []

    def fail_once(self: Lease) -> None:
        if not failed:
            failed.append(True)
            raise DatabaseError("locked")
        renew(self)

    monkeypatch.setattr(Lease, "renew", fail_once)
    with kept_alive(lease):
        eventually(lambda: Job.objects.get().lease_until > first)
    assert "could not be renewed this time" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_is_shut_out_in_mid_step_leaves_the_job_to_the_other(
    sent, gateway, fake_host, problems, monkeypatch
):
    """A worker hangs for longer than its lease; another takes the job over, and ends it first."""
    from apps.jobs import steprun
    from tests.fakehost import Program

    job = make_job(make_host("alpha"), ("/bin/step0",))
    stored = steprun.store_output
    overtaken = []

    def overtaken_once(lease, step, data) -> None:
        if not overtaken:
            overtaken.append(lease)
            expire(job)
            assert advance_lane(job.host_id) is True
        stored(lease, step, data)

    fake_host.programs[("/bin/step0",)] = Program((b"once\n",))
    monkeypatch.setattr(steprun, "store_output", overtaken_once)
    assert advance_lane(job.host_id) is False
    job.refresh_from_db()
    assert (job.state, job.fence) == (JobState.SUCCEEDED, 2)
    assert [bytes(chunk.data) for chunk in OutputChunk.objects.all()] == [b"once\n"]
    assert len(fake_host.started()) == 1
