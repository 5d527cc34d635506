"""Trying again: a fresh plan of the same wish, what differs, and one new job for it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from apps.accounts.actor import Actor
from apps.accounts.permissions import Perm
from apps.freebsd.errors import Conflict, NotAllowed
from apps.hosts.models import Host
from apps.jobs import ports, retries
from apps.jobs.models import OPEN_STATES, Job, JobState, Step
from apps.jobs.retries import Mark, compare, job_retry, retry_plan
from apps.jobs.services import Because, job_create
from tests.answers import commands, hidden, words
from tests.jobs.conftest import KIND, make_job, make_plan

ENDED = [JobState.FAILED, JobState.CANCELLED, JobState.LOST]


@pytest.fixture(autouse=True)
def fresh(monkeypatch) -> list[tuple[str, ...]]:
    """The commands of a fresh plan; a test may change them. Whoever may stop jails may ask for them."""
    argvs = [("/bin/step0",)]

    def replan(_job: Job):
        if not argvs:
            raise Conflict("There is nothing left to do.")
        return make_plan(*argvs)

    def ask(job: Job, actor: Actor, plan_hash: str, key: str) -> Job:
        plan = replan(job)
        if plan_hash and plan_hash != plan.hash:
            raise Conflict("The state changed since these commands were shown. Look at them again.")
        because = Because(origin=job)
        return job_create(
            actor=actor,
            host_id=job.host_id,
            plan=plan,
            subject=job.subject,
            intent=job.intent,
            idempotency_key=key,
            because=because,
        )

    again = ports.Again(Perm.JAIL_STOP, replan, ask)
    monkeypatch.setitem(ports._kinds, KIND, ports.JobKind(KIND, "Work", lambda _job: [], again=again))
    return argvs


@pytest.fixture
def failed(host) -> Job:
    return ended(make_job(host), JobState.FAILED)


def ended(job: Job, state: JobState) -> Job:
    Job.objects.filter(pk=job.pk).update(state=state)
    return Job.objects.get(pk=job.pk)


def retry(job: Job, actor: Actor, plan_hash: str = "", key: str = "") -> Job:
    return job_retry(actor=actor, job=job, plan_hash=plan_hash, idempotency_key=key)


# -- the service ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ENDED)
def test_what_came_to_nothing_is_tried_again_by_a_job_that_names_it(host, operator, state):
    job = ended(make_job(host), state)
    again = retry(job, operator.actor)
    assert (again.origin, again.kind, again.state) == (job, job.kind, JobState.QUEUED)
    assert list(job.followers.all()) == [again]
    assert again.requester == operator.user


def test_what_succeeded_is_not_tried_again(host, operator):
    job = ended(make_job(host), JobState.SUCCEEDED)
    with pytest.raises(Conflict, match="It succeeded"):
        retry(job, operator.actor)


@pytest.mark.parametrize("state", OPEN_STATES)
def test_what_has_not_ended_is_not_tried_again(host, operator, state):
    job = ended(make_job(host), state)
    with pytest.raises(Conflict, match="It has not ended yet"):
        retry(job, operator.actor)


def test_who_may_not_tries_nothing_again(failed, viewer, outsider):
    for person in (viewer, outsider):
        with pytest.raises(NotAllowed):
            retry(failed, person.actor)
        with pytest.raises(NotAllowed):
            retry_plan(failed, person.actor)
    assert Job.objects.count() == 1


def test_the_same_form_posted_twice_is_one_job(failed, operator):
    shown = retry_plan(failed, operator.actor).plan.hash
    first = retry(failed, operator.actor, shown, "wish")
    assert retry(failed, operator.actor, shown, "wish") == first
    Job.objects.filter(pk=first.pk).update(state=JobState.FAILED)
    assert retry(failed, operator.actor, shown, "wish") == first


def test_it_is_tried_again_once_at_a_time(failed, operator):
    first = retry(failed, operator.actor, key="one")
    with pytest.raises(Conflict, match="follows it already and is queued"):
        retry(failed, operator.actor, key="two")
    ended(first, JobState.FAILED)
    assert retry(failed, operator.actor, key="two").origin == failed


def test_a_plan_that_changed_since_it_was_shown_is_not_run(failed, operator, fresh):
    shown = retry_plan(failed, operator.actor).plan.hash
    fresh.append(("/bin/more",))
    with pytest.raises(Conflict, match="The state changed"):
        retry(failed, operator.actor, shown)
    assert Job.objects.count() == 1


def test_a_kind_without_a_way_back_says_so(failed, operator, monkeypatch):
    monkeypatch.delitem(ports._kinds, KIND)
    with pytest.raises(Conflict, match="does not know how to try this again"):
        retry(failed, operator.actor)


@pytest.mark.parametrize("state", ENDED)
def test_a_host_that_nobody_looked_at_since_comes_first(host, operator, state):
    """What a lost command left there decides how it goes on."""
    job = ended(make_job(host), state)
    later = timezone.now() + timedelta(seconds=5)
    Step.objects.update(started_at=timezone.now(), ended_at=later)
    with pytest.raises(Conflict, match="alpha has not been looked at since this job ran there"):
        retry(job, operator.actor)
    Host.objects.update(seen_at=later + timedelta(seconds=1))
    assert retry(Job.objects.get(pk=job.pk), operator.actor)


# -- what differs -----------------------------------------------------------------------------------------


def test_the_same_plan_differs_in_nothing():
    plan = make_plan(("a",), ("b",))
    assert not compare(plan, plan).differs
    assert [change.mark for change in compare(plan, plan).changes] == [Mark.KEPT, Mark.KEPT]


def test_commands_are_kept_dropped_and_added_in_their_order():
    found = compare(make_plan(("a",), ("b",), ("c",)), make_plan(("x",), ("b",), ("d",), ("c",)))
    told = [(str(change.mark), change.command.argv[0]) for change in found.changes]
    assert told == [("gone", "a"), ("new", "x"), ("kept", "b"), ("new", "d"), ("kept", "c")]
    assert found.differs


def test_the_changes_of_a_side_are_its_plan():
    first, fresh = make_plan(("a",), ("a",), ("b",)), make_plan(("b",), ("a",))
    found = compare(first, fresh).changes
    assert tuple(c.command for c in found if c.mark != Mark.NEW) == first.commands
    assert tuple(c.command for c in found if c.mark != Mark.GONE) == fresh.commands


def test_warnings_and_checks_that_changed_are_told():
    first = retries.Plan("k", "t", (), ("stays", "goes"), ("beware",))
    fresh = retries.Plan("k", "t", (), ("stays", "comes"), ())
    found = compare(first, fresh)
    assert (found.notes_new, found.notes_gone) == (("comes",), ("beware", "goes"))
    assert found.differs


# -- the page ---------------------------------------------------------------------------------------------


def url(job: Job) -> str:
    return reverse("jobs:job-retry", args=[job.pk])


def test_the_page_shows_the_fresh_plan_and_what_differs(failed, operator, fresh):
    fresh[:] = [("/bin/other", "it's")]
    page = operator.client.get(url(failed))
    assert commands(page) == ["/bin/other 'it'\"'\"'s'"]
    assert "No longer: /bin/step0 New: /bin/other 'it'\"'\"'s'" in words(page)


def test_the_page_says_when_nothing_differs(failed, operator):
    page = operator.client.get(url(failed), headers={"HX-Request": "true", "HX-Target": "dialog"})
    assert "the plan is the same as the first time" in words(page)
    assert "<html" not in page.content.decode()


def test_what_the_page_showed_is_asked_for_and_both_lead_to_each_other(failed, operator):
    page = operator.client.get(url(failed))
    data = {name: hidden(page, name) for name in ("plan_hash", "idempotency_key")}
    answer = operator.client.post(url(failed), data)
    new = failed.followers.get()
    assert answer.headers["Location"] == new.get_absolute_url()
    assert operator.client.post(url(failed), data).headers["Location"] == new.get_absolute_url()
    assert (
        f'Tries again: <a href="{failed.get_absolute_url()}">'
        in operator.client.get(new.get_absolute_url()).content.decode()
    )
    assert (
        f'Tried again: <a href="{new.get_absolute_url()}">'
        in operator.client.get(failed.get_absolute_url()).content.decode()
    )


def test_where_there_is_nothing_to_do_the_page_says_so_and_has_no_button(failed, operator, fresh):
    fresh.clear()
    page = operator.client.get(url(failed))
    assert (page.status_code, "There is nothing left to do." in words(page)) == (200, True)
    assert 'type="submit" class="btn btn' not in page.content.decode()
    assert operator.client.post(url(failed)).status_code == 409


@pytest.mark.parametrize(
    ("state", "offered"), [*((state, True) for state in ENDED), (JobState.SUCCEEDED, False)]
)
def test_the_button_is_on_the_page_of_what_came_to_nothing(host, operator, viewer, state, offered):
    job = ended(make_job(host), state)
    assert (url(job) in operator.client.get(job.get_absolute_url()).content.decode()) == offered
    assert url(job) not in viewer.client.get(job.get_absolute_url()).content.decode()
