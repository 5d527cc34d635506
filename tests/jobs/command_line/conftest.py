from __future__ import annotations

import io

import pytest
from django.core.management import call_command
from django.utils import timezone

from apps.jobs.models import Job, JobState
from tests.jobs.conftest import make_job

ROOT = "root (command line)"


@pytest.fixture(autouse=True)
def _is_root(monkeypatch):
    monkeypatch.setattr("os.getuid", lambda: 0)


@pytest.fixture
def run():
    """Run the command; returns its exit status, standard output and standard error."""

    def call(*words: str, out: io.StringIO | None = None) -> tuple[int, str, str]:
        out, err = out or io.StringIO(), io.StringIO()
        status = 0
        try:
            call_command("jobs", *words, stdout=out, stderr=err, no_color=True)
        except SystemExit as end:
            status = end.code
        return status, out.getvalue(), err.getvalue()

    return call


@pytest.fixture
def job(host) -> Job:
    return make_job(host, ("/bin/one", "two words"), ("/bin/two",))


def change(job: Job, **values) -> Job:
    Job.objects.filter(pk=job.pk).update(**values)
    return Job.objects.get(pk=job.pk)


@pytest.fixture
def running(job) -> Job:
    return change(job, state=JobState.RUNNING, started_at=timezone.now())
