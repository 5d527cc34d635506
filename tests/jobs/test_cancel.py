"""Cancelling a job: while it waits, while it runs, and when its host is gone."""

from __future__ import annotations

import pytest

from apps.accounts.actor import PANEL
from apps.audit.models import AuditEvent
from apps.freebsd.errors import Conflict, NotAllowed
from apps.jobs import steprun
from apps.jobs.engine import advance_lane
from apps.jobs.models import Job, JobState, StepState
from apps.jobs.services import job_cancel
from tests.fakehost import Program
from tests.jobs.conftest import make_job, output_of


@pytest.fixture(autouse=True)
def _polls_at_once(monkeypatch):
    monkeypatch.setattr(steprun, "CANCEL_POLL_S", 0.0)


@pytest.fixture
def cancelled_when_it_prints(monkeypatch):
    """Have someone cancel the job as soon as its first output is stored."""
    stored = steprun.store_output

    def store_and_cancel(lease, step, data):
        stored(lease, step, data)
        if not Job.objects.get(pk=lease.job_id).cancel_requested_at:
            job_cancel(actor=PANEL, job=Job.objects.get(pk=lease.job_id))

    monkeypatch.setattr(steprun, "store_output", store_and_cancel)


def run(job: Job) -> Job:
    advance_lane(job.host_id)
    return Job.objects.get(pk=job.pk)


def test_a_waiting_job_is_cancelled_at_once_and_never_runs(work, fake_host, owner):
    job = work(Program())
    job_cancel(actor=owner.actor, job=job)
    job.refresh_from_db()
    assert (job.state, job.outcome) == (JobState.CANCELLED, "owner cancelled it before it began.")
    assert list(job.steps.values_list("state", flat=True)) == [StepState.SKIPPED]
    assert run(job).state == JobState.CANCELLED
    assert fake_host.started() == []


def test_a_running_job_is_ended_on_its_host_and_looked_at(work, fake_host, gateway, cancelled_when_it_prints):
    job = run(work(Program((b"begun\n",), hangs=True), Program()))
    assert (job.state, job.outcome) == (
        JobState.CANCELLED,
        "It was cancelled; the command was ended on the host.",
    )
    assert [seen.cancelled for seen in fake_host.runs.values()] == [True]
    states = list(job.steps.order_by("position").values_list("state", flat=True))
    assert states == [StepState.CANCELLED, StepState.SKIPPED]
    assert output_of(job) == b"begun\n"
    assert gateway.looked_at == [job.host_id]


def test_what_ended_well_before_the_cancel_came_counts_and_the_rest_is_not_begun(
    work, fake_host, cancelled_when_it_prints
):
    job = run(work(Program((b"done\n",)), Program()))
    assert job.state == JobState.CANCELLED
    assert job.outcome == "It was cancelled before this command was started."
    assert len(fake_host.started()) == 1


def test_a_job_whose_host_is_gone_is_cancelled_without_it(work, fake_host):
    job = work(Program())
    fake_host.away = 10**6
    Job.objects.filter(pk=job.pk).update(cancel_requested_at=job.created_at)
    job.steps.update(started_at=job.created_at)
    job = run(job)
    assert (job.state, job.outcome) == (JobState.CANCELLED, steprun.AWAY)


def test_a_cancelled_job_frees_its_lane(work, cancelled_when_it_prints):
    assert run(work(Program((b"begun\n",), hangs=True))).state == JobState.CANCELLED
    assert run(work(Program())).state == JobState.SUCCEEDED


@pytest.mark.parametrize("state", [JobState.SUCCEEDED, JobState.FAILED, JobState.LOST, JobState.CANCELLED])
def test_what_has_ended_cannot_be_cancelled(work, owner, state):
    job = work(Program())
    Job.objects.filter(pk=job.pk).update(state=state)
    with pytest.raises(Conflict):
        job_cancel(actor=owner.actor, job=job)
    assert not AuditEvent.objects.filter(action="job.cancel_requested").exists()


def test_asking_twice_is_told_so_and_recorded_once(work, owner):
    job = work(Program())
    Job.objects.filter(pk=job.pk).update(state=JobState.RUNNING)
    job_cancel(actor=owner.actor, job=job)
    with pytest.raises(Conflict):
        job_cancel(actor=owner.actor, job=job)
    event = AuditEvent.objects.get(action="job.cancel_requested")
    assert (event.actor_name, event.job_id, event.address) == ("owner", job.pk, "192.0.2.99")


def test_one_who_may_only_look_cannot_cancel(host, viewer, operator):
    job = make_job(host)
    with pytest.raises(NotAllowed):
        job_cancel(actor=viewer.actor, job=job)
    job_cancel(actor=operator.actor, job=job)


def test_the_page_asks_before_it_cancels_and_says_what_happens(host, operator):
    job = make_job(host)
    url = f"/jobs/{job.pk}/cancel/"
    assert "nothing was run on the host" in operator.client.get(url).content.decode()
    assert Job.objects.get().state == JobState.QUEUED
    assert operator.client.post(url).headers["Location"] == job.get_absolute_url()
    assert Job.objects.get().state == JobState.CANCELLED


def test_the_button_is_greyed_with_the_reason_for_one_who_may_not(host, viewer):
    job = make_job(host)
    page = viewer.client.get(job.get_absolute_url()).content.decode()
    assert "You may not cancel jobs here." in page
    assert viewer.client.post(f"/jobs/{job.pk}/cancel/").status_code == 403
