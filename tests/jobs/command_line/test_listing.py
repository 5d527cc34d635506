"""`manage.py jobs list`: which jobs, in which order, for people and for programs."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.core.management import CommandError
from django.utils import timezone

from apps.jobs.models import JobState, Step, StepState
from tests.jobs.command_line.conftest import change
from tests.jobs.conftest import make_job


def listed(run, *words: str) -> list[str]:
    """The titles that are listed, in order."""
    status, out, _ = run("list", *words)
    assert status == 0
    return [line.split("  ")[-1].strip() for line in out.splitlines()[1:]]


@pytest.fixture
def various(host, other_host) -> None:
    old = timezone.now() - timedelta(days=2)
    for state, title, values in (
        (JobState.QUEUED, "waits since long", {"created_at": old}),
        (JobState.FAILED, "failed today", {"created_at": timezone.now() - timedelta(hours=3)}),
        (JobState.FAILED, "failed long ago", {"created_at": old, "ended_at": old}),
        (JobState.SUCCEEDED, "began long ago", {"created_at": old, "ended_at": timezone.now()}),
    ):
        change(make_job(host), state=state, title=title, **values)
    change(make_job(other_host), title="elsewhere")


@pytest.mark.parametrize(
    ("words", "titles"),
    [
        ((), {"waits since long", "failed today", "began long ago", "elsewhere"}),
        (("--state", "failed"), {"failed today"}),
        (("--state", "failed", "--all"), {"failed today", "failed long ago"}),
        (("--host", "omega"), {"elsewhere"}),
        (("--host", "omega", "--state", "failed"), set()),
    ],
)
def test_list_has_open_jobs_and_those_of_the_last_day(various, run, words, titles):
    assert set(listed(run, *words)) == titles


def test_the_newest_comes_first(various, run):
    assert listed(run)[0] == "elsewhere"


def test_a_line_says_what_one_wants_to_know(job, run):
    Step.objects.filter(position=0).update(state=StepState.SUCCEEDED)
    change(job, state=JobState.RUNNING, started_at=timezone.now() - timedelta(seconds=80))
    heading, line = run("list")[1].splitlines()
    assert heading.split() == ["ID", "STATE", "HOST", "ASKED", "TOOK", "BY", "JOB"]
    assert line.split("  ")[0] == job.pk.hex[:8]
    for words in ("running 1 of 2", "alpha", "just now", "1 min 20 s", "jailpanel", "Work on it"):
        assert words in line
    assert heading.index("JOB") == line.index("Work on it")


def test_list_as_json_is_one_array(various, run):
    rows = json.loads(run("list", "--json", "--all")[1])
    assert len(rows) == 5
    assert {row["title"]: row["state"] for row in rows}["failed long ago"] == "failed"
    assert rows[0]["host"] == "omega"
    assert (rows[0]["steps_done"], rows[0]["steps_total"]) == (0, 1)


def test_nothing_found_is_said_and_is_an_empty_array(db, run):
    assert run("list") == (0, "", "No such job in the last day; see --all.\n")
    assert run("list", "--all")[2] == "There is no such job.\n"
    assert run("list", "--json") == (0, "[]\n", "")


def test_many_jobs_take_a_few_queries(host, run, django_assert_max_num_queries, monkeypatch):
    for _ in range(30):
        make_job(host)
    with django_assert_max_num_queries(3):
        assert len(listed(run, "--all")) == 30


def test_a_host_that_is_not_there_is_said(db, run):
    with pytest.raises(CommandError, match=r"^There is no host “gamma”.$"):
        run("list", "--host", "gamma")
