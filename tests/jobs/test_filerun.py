"""A step that writes a file: compared first, never twice, and done when the file holds it already."""

from __future__ import annotations

import pytest
from django.utils import timezone

from apps.accounts.actor import PANEL
from apps.freebsd.channel import Answer
from apps.freebsd.commands import Command, FileChange
from apps.jobs import steprun
from apps.jobs.engine import advance_lane
from apps.jobs.models import Job, JobState, Step, StepState
from apps.jobs.plan import Plan
from apps.jobs.services import job_create
from tests.fakehost import Program
from tests.jobs.conftest import KIND, output_of

PATH = "/usr/local/etc/ezjail/web"


@pytest.fixture
def change(host, gateway, problems):
    """Make a job that writes one file, and then runs a command."""

    def make(before: str | None = "old\n", after: str = "new\n") -> Job:
        steps = (FileChange(PATH, before, after, "Write it."), Command(("/bin/after",), "Go on."))
        plan = Plan(KIND, "Change a file", steps)
        return job_create(actor=PANEL, host_id=host.pk, plan=plan, subject="web", intent={})

    return make


def run(job: Job) -> Job:
    advance_lane(job.host_id)
    return Job.objects.get(pk=job.pk)


def test_the_file_is_replaced_and_the_job_goes_on(change, fake_host):
    fake_host.files[PATH] = b"old\n"
    job = run(change())
    assert (job.state, fake_host.files[PATH]) == (JobState.SUCCEEDED, b"new\n")
    assert fake_host.started() == [("/bin/after",)]
    assert output_of(job, 0).startswith(f"{PATH}: 4 bytes".encode())


def test_a_file_that_must_not_exist_is_made(change, fake_host):
    assert run(change(before=None)).state == JobState.SUCCEEDED
    assert fake_host.files[PATH] == b"new\n"


@pytest.mark.parametrize("held", [None, b"somebody else's\n"])
def test_a_file_that_is_not_what_it_was_stays_and_ends_the_job(change, fake_host, held):
    if held is not None:
        fake_host.files[PATH] = held
    job = run(change())
    assert (job.state, fake_host.files.get(PATH)) == (JobState.FAILED, held)
    assert "changed on the host meanwhile" in job.outcome
    assert list(job.steps.values_list("state", flat=True)) == [StepState.FAILED, StepState.SKIPPED]


def test_what_the_worker_before_wrote_counts_as_done(change, fake_host):
    job = change()
    Step.objects.filter(job=job, position=0).update(started_at=timezone.now(), state=StepState.RUNNING)
    fake_host.files[PATH] = b"new\n"
    assert run(job).state == JobState.SUCCEEDED
    assert [words[0] for words in fake_host.requests].count("write") == 1


def test_a_host_that_is_away_from_the_beginning_fails_the_job(change, fake_host, monkeypatch):
    monkeypatch.setattr(steprun, "FIRST_PATIENCE_S", 0)
    fake_host.files[PATH] = b"old\n"
    fake_host.away = 1000
    job = run(change())
    assert (job.state, job.outcome) == (JobState.FAILED, "The host does not answer.")


def test_a_host_that_goes_away_in_the_middle_is_waited_for(change, fake_host, monkeypatch):
    monkeypatch.setattr(steprun, "PATIENCE_S", 0)
    fake_host.files[PATH] = b"old\n"
    job = change()
    Step.objects.filter(job=job, position=0).update(started_at=timezone.now(), state=StepState.RUNNING)
    fake_host.away = 5
    job = run(job)
    assert (job.state, job.away_since is None) == (JobState.RUNNING, False)


def test_a_cancel_before_the_write_leaves_the_file(change, fake_host):
    fake_host.files[PATH] = b"old\n"
    job = change()
    Job.objects.filter(pk=job.pk).update(cancel_requested_at=timezone.now())
    job = run(job)
    assert (job.state, fake_host.files[PATH]) == (JobState.CANCELLED, b"old\n")


def test_the_command_after_it_runs_only_once_it_is_written(change, fake_host):
    fake_host.programs[("/bin/after",)] = Program((b"after\n",))
    fake_host.refusals["write"] = Answer(77, b"", b"jailpanel-agent: this file is not on the allow-list\n")
    job = run(change())
    assert (job.state, fake_host.started()) == (JobState.FAILED, [])
