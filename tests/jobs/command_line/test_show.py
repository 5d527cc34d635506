"""`manage.py jobs show`, and how a job is named on the command line."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.core.management import CommandError
from django.utils import timezone

from apps.jobs.models import Job, JobState, Step, StepState
from tests.jobs.command_line.conftest import change
from tests.jobs.conftest import make_job


@pytest.mark.parametrize(
    "name", [lambda job: str(job.pk), lambda job: job.pk.hex[:6].upper(), lambda job: job.pk.hex]
)
def test_a_job_is_named_by_the_beginning_of_its_id(job, other_host, run, name):
    make_job(other_host)
    assert f"id         {job.pk}" in run("show", name(job))[1]


@pytest.mark.parametrize("name", ["xyz", "", "-", "1" * 33, "'; drop table", "٣"])
def test_what_is_no_id_is_refused_in_a_line(job, run, name):
    with pytest.raises(CommandError, match=r"^A job is named by its id"):
        run("show", "--", name)


def test_an_id_that_no_job_has_is_said(job, run):
    digits = f"{int(job.pk.hex[0], 16) ^ 1:x}"
    with pytest.raises(CommandError, match=f"^No job's id begins with {digits}.$"):
        run("show", digits)


def test_an_id_that_several_begin_with_names_them(host, run):
    jobs = [make_job(host) for _ in range(2)]
    for number, job in enumerate(jobs):
        Step.objects.filter(job=job).delete()
        Job.objects.filter(pk=job.pk).update(id=f"abcdef12-{number}000-4000-8000-000000000000")
    with pytest.raises(CommandError, match=r"^Several ids begin with abcdef12: abcdef120000, abcdef121000"):
        run("show", "abcdef12")
    assert "abcdef12-1000" in run("show", "abcdef121")[1]


# -- what is shown ---------------------------------------------------------------------------------------


def test_show_has_the_commands_and_how_each_ended(job, run):
    began = timezone.now() - timedelta(minutes=3)
    first = {
        "state": StepState.FAILED,
        "exit_status": 2,
        "started_at": began,
        "ended_at": began + timedelta(seconds=5),
    }
    Step.objects.filter(position=0).update(output_bytes=2048, **first)
    Step.objects.filter(position=1).update(state=StepState.SKIPPED)
    outcome = "The command ended with status 2.\nError: no space"
    change(job, state=JobState.FAILED, started_at=began, ended_at=timezone.now(), outcome=outcome)
    out = run("show", job.pk.hex[:8])[1]
    for words in (
        "Work on it",
        "host       alpha",
        "state      failed",
        "outcome    The command ended with status 2.",
        "outcome    Error: no space",
        "asked by   jailpanel",
        "took       3 min",
        "1. /bin/one 'two words'",
        "Run /bin/one.",
        "failed, exit status 2, 5 s, 2 KiB of output",
        "2. /bin/two",
        "skipped",
    ):
        assert words in out


def test_show_says_who_is_waited_for(host, run):
    make_job(host)
    waiting = make_job(host)
    assert "waits for  1 job of this host" in run("show", str(waiting.pk))[1]
    change(waiting, state=JobState.AWAITING, approval_until=timezone.now())
    assert "by somebody else" in run("show", str(waiting.pk))[1]
    change(waiting, approver_name="grace")
    assert "by grace, valid until" in run("show", str(waiting.pk))[1]


def test_show_says_what_went_on_behind_it(job, run):
    Step.objects.filter(position=0).update(state=StepState.LOST, may_still_run=True)
    again = make_job(job.host)
    change(again, origin=job, takeovers=2)
    assert "lost, may still run on the host" in run("show", str(job.pk))[1]
    out = run("show", str(again.pk))[1]
    assert f"tries {job.pk} again, or mends it" in out
    assert "2 stopped in its middle" in out


def test_show_as_json_has_the_steps_and_the_plan(job, run):
    shown = json.loads(run("show", str(job.pk), "--json")[1])
    assert shown["id"] == str(job.pk)
    assert [step["argv"] for step in shown["steps"]] == [["/bin/one", "two words"], ["/bin/two"]]
    assert shown["plan_hash"] == job.plan_hash
    assert shown["plan"]["title"] == "Work on it"


def test_what_others_wrote_cannot_move_the_cursor(job, run):
    bad = "\x1b]0;title\x07\x1b[2J\u202e"
    change(job, title=f"bad{bad}", outcome=f"worse{bad}", requester_name=f"who{bad}")
    for words in (("list",), ("show", str(job.pk))):
        out = run(*words)[1]
        assert "bad\\x1b]0;title" in out
        assert not set(bad) & set(out) - set("title]0;[2J")
