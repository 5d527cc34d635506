"""The bar of jobs: what it shows to whom, in which order, and how many wait for one's approval."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from apps.accounts.actor import PANEL, Actor
from apps.accounts.permissions import Role
from apps.jobs.bar import JUST_ENDED, MOST_ROWS, bar_for
from apps.jobs.models import Batch, BatchState, Job, JobState, StepState
from tests.answers import text, words
from tests.conftest import make_person
from tests.jobs.conftest import make_job
from tests.places import make_host

NOW = timedelta(0)
R, Q, F, S = JobState.RUNNING, JobState.QUEUED, JobState.FAILED, JobState.SUCCEEDED


@pytest.fixture
def made(db):
    """Make a job on a host of its own, in a state since some time, asked for by someone."""
    count = iter(range(1000))

    def make(state: str = Q, *, ago: timedelta = NOW, actor: Actor = PANEL, on=None, **values) -> Job:
        number = next(count)
        host = on or make_host(f"host{number}", address=f"203.0.113.{number + 1}")
        job = make_job(host, actor=actor)
        moment = timezone.now() - ago
        times = {"created_at": moment}
        times |= {} if state in {Q, JobState.AWAITING, JobState.HELD} else {"started_at": moment}
        times |= {"ended_at": moment} if state in {S, F, JobState.LOST, JobState.CANCELLED} else {}
        Job.objects.filter(pk=job.pk).update(**(times | {"state": state, "title": f"job {number}"} | values))
        return Job.objects.get(pk=job.pk)

    return make


def titles(actor: Actor) -> list[str]:
    return [task.title for task in bar_for(actor).tasks]


def test_nothing_to_show_is_an_empty_bar(owner):
    assert bar_for(owner.actor).is_empty
    assert text(owner.client.get("/jobs/bar/")).count("<") == 2


def test_what_runs_comes_first_then_what_just_ended_then_what_waits(made, owner):
    for state in (Q, S, R, JobState.AWAITING, F):
        made(state, title=state, approval_until=timezone.now())
    assert titles(owner.actor)[0] == "running"
    assert set(titles(owner.actor)[1:3]) == {"succeeded", "failed"}
    assert set(titles(owner.actor)[3:]) == {"queued", "awaiting_approval"}


def test_what_ended_goes_after_a_while(made, owner):
    for state in (S, F, JobState.LOST, JobState.CANCELLED):
        made(state, ago=JUST_ENDED + timedelta(seconds=1))
    assert bar_for(owner.actor).is_empty
    made(S, ago=JUST_ENDED - timedelta(seconds=5), title="just now")
    assert titles(owner.actor) == ["just now"]


def test_a_job_that_took_long_and_ended_just_now_is_shown(made, owner):
    job = made(S)
    Job.objects.filter(pk=job.pk).update(created_at=timezone.now() - timedelta(hours=30))
    assert len(bar_for(owner.actor).tasks) == 1


def test_ones_own_come_first_of_each_stage(made, owner):
    for state in (R, S, Q):
        made(state, title="another's")
        made(state, title="own", actor=owner.actor, ago=timedelta(seconds=5))
        made(state, title="another's")
    assert titles(owner.actor)[0] == "own"
    bar = bar_for(owner.actor)
    for stage in ("running", "ended", "waiting"):
        assert next(task for task in bar.tasks if task.stage == stage).is_own


def test_many_that_run_do_not_hide_what_failed_and_what_waits(made, owner):
    for state in (R, F, Q):
        for _ in range(MOST_ROWS + 2):
            made(state)
    bar = bar_for(owner.actor)
    assert [task.stage for task in bar.tasks] == ["running"] * 3 + ["ended", "waiting"]
    assert bar.summary == [("running", 7), ("failed", 7), ("waiting", 7)]


@pytest.mark.parametrize("state", [R, F, Q])
def test_one_stage_alone_takes_all_rows(made, owner, state):
    for _ in range(MOST_ROWS + 2):
        made(state)
    assert len(bar_for(owner.actor).tasks) == MOST_ROWS


def test_one_sees_the_jobs_of_ones_hosts(made, host, other_host, viewer, outsider):
    made(Q, on=host, title="here")
    made(Q, on=other_host, title="there")
    stranger = make_person("stranger")
    assert titles(viewer.actor) == ["here"]
    assert titles(outsider.actor) == ["there"]
    assert bar_for(stranger.actor).is_empty
    assert "there" not in words(viewer.client.get("/jobs/bar/"))


# -- batches ----------------------------------------------------------------------------------------------


@pytest.fixture
def batch(made):
    """Make a batch of jobs in these states."""

    def make(*states: str, on=None, **values) -> Batch:
        number = Batch.objects.count()
        defaults = {"title": f"Restart {len(states)} jails", "requester_name": "grace"}
        batch = Batch.objects.create(idempotency_key=str(number), **(defaults | values))
        for position, state in enumerate(states):
            made(state, batch=batch, batch_position=position, on=on)
        return batch

    return make


def test_a_batch_is_one_row_with_how_many_of_its_jobs_have_ended(batch, owner):
    batch(S, S, F, S, R, JobState.HELD, JobState.HELD, Q)
    (task,) = bar_for(owner.actor).tasks
    assert (task.title, task.state, task.progress.text) == ("Restart 8 jails", R, "4 of 8 · 1 failed")
    answer = words(owner.client.get("/jobs/bar/"))
    assert "Restart 8 jails" in answer
    assert "job" not in re.sub("All jobs", "", answer)


@pytest.mark.parametrize(
    ("states", "state", "wanted"),
    [
        ((JobState.HELD, Q), BatchState.RUNNING, Q),
        ((S, JobState.HELD), BatchState.RUNNING, R),
        ((S, S), BatchState.RUNNING, R),
        ((S, S), BatchState.ENDED, S),
        ((S, F), BatchState.ENDED, F),
        ((S, JobState.LOST), BatchState.ENDED, F),
        ((S, F, JobState.CANCELLED), BatchState.STOPPED, F),
        ((F, R), BatchState.STOPPED, R),
        ((S, JobState.CANCELLED), BatchState.STOPPED, JobState.CANCELLED),
    ],
)
def test_a_batch_looks_like_what_became_of_its_jobs(batch, owner, states, state, wanted):
    ended = None if state == BatchState.RUNNING else timezone.now()
    batch(*states, state=state, ended_at=ended)
    assert [task.state for task in bar_for(owner.actor).tasks] == [wanted]


def test_a_batch_goes_after_a_while_with_all_of_its_jobs(batch, owner):
    batch(S, F, state=BatchState.ENDED, ended_at=timezone.now() - JUST_ENDED)
    assert bar_for(owner.actor).is_empty


def test_of_a_batch_one_sees_what_is_on_ones_hosts(batch, made, host, other_host, viewer):
    shared = batch(S, title="both")
    made(R, batch=shared, batch_position=5, on=host)
    batch(R, on=other_host, title="there")
    assert titles(viewer.actor) == ["both"]
    assert bar_for(viewer.actor).tasks[0].progress.text == ""


# -- the second person -------------------------------------------------------------------------------------


@pytest.fixture
def awaiting(made):
    def make(**values) -> Job:
        until = timezone.now() + timedelta(hours=1)
        return made(JobState.AWAITING, **({"approval_until": until} | values))

    return make


def test_it_counts_what_one_may_approve_now(awaiting, host, other_host, owner, outsider):
    awaiting(on=host)
    awaiting(on=other_host)
    awaiting(on=other_host, approval_until=timezone.now())
    awaiting(on=host, actor=owner.actor)
    Job.objects.filter(pk=awaiting(on=host).pk).update(requester_name="owner")
    assert bar_for(owner.actor).approvals == 2
    assert bar_for(outsider.actor).approvals == 1


def test_it_says_so_and_leads_to_these_jobs(awaiting, host, owner, viewer):
    awaiting(on=host)
    answer = owner.client.get("/jobs/bar/")
    assert "1 needs your approval" in words(answer)
    assert 'href="/approval/"' in text(answer)
    awaiting()
    assert "2 need your approval" in words(owner.client.get("/jobs/bar/"))
    assert "approval" not in words(viewer.client.get("/jobs/bar/")).replace("Awaiting approval", "")


# -- what is said -------------------------------------------------------------------------------------------


def test_a_screen_reader_hears_of_ones_own_newest_job(made, owner):
    made(R, title="another's")
    assert bar_for(owner.actor).says == ""
    made(R, actor=owner.actor, ago=timedelta(seconds=9), title="Start web", on=make_host("alpha"))
    made(Q, actor=owner.actor, ago=timedelta(seconds=20))
    assert bar_for(owner.actor).says == "Start web on alpha: running."


def test_a_screen_reader_hears_of_what_waits_for_one(awaiting, owner):
    awaiting()
    assert bar_for(owner.actor).says == "1 job waits for your approval."


def test_titles_are_text(made, owner):
    made(R, title="<script>alert(1)</script>")
    assert "<script>" not in text(owner.client.get("/jobs/bar/"))


def test_a_percentage_is_looked_at_more_often_than_the_rest(made, owner):
    job = made(R)
    assert bar_for(owner.actor).again_s == 30
    job.steps.update(state=StepState.RUNNING, percent=7)
    assert bar_for(owner.actor).again_s == 5


# -- the page around it --------------------------------------------------------------------------------------


def test_pages_of_who_is_signed_in_have_a_place_for_it_and_others_have_none(owner, nobody, host):
    assert 'id="task-bar"' in text(owner.client.get("/hosts/"))
    assert 'id="task-bar"' not in text(nobody.get("/account/sign-in/"))
    assert 'id="task-bar"' not in text(owner.client.get("/hosts/00000000-0000-4000-8000-000000000000/"))


def test_a_page_makes_no_query_for_it(owner, host, monkeypatch):
    monkeypatch.setattr("apps.jobs.bar_views.bar_for", None)
    assert owner.client.get("/hosts/").status_code == 200


def test_who_may_see_nothing_gets_an_empty_bar(db):
    person = make_person("new", (Role.AUDITOR, make_host("alpha")))
    assert text(person.client.get("/jobs/bar/")).count("<") == 2
