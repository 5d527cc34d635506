"""Making jobs: stored whole, woken after the commit, and one for each wish."""

from __future__ import annotations

from functools import partial

import pytest
from django.db import transaction

from apps.accounts.actor import PANEL, Actor
from apps.accounts.permissions import Role
from apps.freebsd.errors import Conflict
from apps.jobs import services
from apps.jobs.models import Job, JobState, Step, StepState
from apps.jobs.services import job_create, job_find
from tests.conftest import make_person
from tests.jobs.conftest import make_job, make_plan
from tests.places import make_host
from tests.threads import at_once

TWO = (("/bin/one", "a"), ("/bin/two",))


def test_a_job_keeps_its_plan_and_who_asked(host, owner):
    plan = make_plan(*TWO)
    job = job_create(actor=owner.actor, host_id=host.pk, plan=plan, subject="web", intent={"wipe": True})
    job.refresh_from_db()
    assert (job.state, job.kind, job.title) == (JobState.QUEUED, plan.kind, plan.title)
    assert (job.subject, job.intent) == ("web", {"wipe": True})
    assert (job.stored_plan, job.plan_hash) == (plan, plan.hash)
    assert (job.requester, job.requester_name, job.requester_address) == (owner.user, "owner", "192.0.2.99")


def test_each_command_becomes_a_step_with_a_run_id_of_its_own(host):
    job = make_job(host, *TWO, timeout_s=90)
    steps = list(job.steps.order_by("position"))
    assert [tuple(step.argv) for step in steps] == list(TWO)
    assert [step.run_id for step in steps] == [f"{job.pk.hex}-0", f"{job.pk.hex}-1"]
    assert {(step.state, step.timeout_s, step.output_bytes) for step in steps} == {(StepState.PENDING, 90, 0)}
    assert steps[0].purpose == "Run /bin/one."


def test_the_lane_is_woken_and_pages_are_told_after_the_commit(
    host, sent, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        job = make_job(host)
        assert (sent.tasks, sent.events) == ([], [])
    assert sent.tasks == [("apps.jobs.tasks.advance_lane", str(host.pk))]
    assert sent.topics == {"jobs", f"job:{job.pk}", f"host:{host.pk}"}


@pytest.mark.django_db(transaction=True)
def test_nothing_is_sent_when_the_transaction_is_rolled_back(sent):
    def make_and_fail() -> None:
        with transaction.atomic():
            make_job(make_host("alpha"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        make_and_fail()
    assert (sent.tasks, sent.events) == ([], [])
    assert not Job.objects.exists()


def test_the_same_key_makes_one_job(host, django_capture_on_commit_callbacks, sent):
    with django_capture_on_commit_callbacks(execute=True):
        first, second = make_job(host, key="wish"), make_job(host, key="wish")
    assert first == second
    assert Job.objects.count() == Step.objects.count() == 1
    assert len(sent.tasks) == 1


def test_without_a_key_each_call_makes_a_job(host):
    make_job(host)
    make_job(host)
    assert Job.objects.count() == 2


def test_the_same_key_from_someone_else_is_another_wish(host):
    make_job(host, key="wish", actor=make_person("ada", (Role.ADMIN, None)).actor)
    make_job(host, key="wish", actor=make_person("bob", (Role.ADMIN, None)).actor)
    assert Job.objects.count() == 2


def test_the_same_key_on_another_host_is_another_wish(host, other_host):
    make_job(host, key="wish")
    make_job(other_host, key="wish")
    assert Job.objects.count() == 2


def test_the_same_key_with_other_commands_is_another_wish(host):
    """Someone goes back in the browser, changes the form and sends it once more."""
    make_job(host, ("/bin/one",), key="wish")
    make_job(host, ("/bin/two",), key="wish")
    assert Job.objects.count() == 2


def test_a_wish_is_found_again_by_what_it_was(host, other_host):
    plan = make_plan(*TWO)
    job = job_create(actor=PANEL, host_id=host.pk, plan=plan, subject="", intent={}, idempotency_key="wish")
    find = partial(job_find, actor=PANEL, host_id=host.pk, plan=plan, idempotency_key="wish")
    assert find() == job
    assert find(actor=Actor("eve", 99)) is None
    assert find(host_id=other_host.pk) is None
    assert find(plan=make_plan()) is None
    assert find(idempotency_key="") is None


@pytest.mark.parametrize("key", ["\0", "x" * 10_000, "🦊", "' OR 1=1"])
def test_any_text_may_be_a_key(host, key):
    assert make_job(host, key=key) == make_job(host, key=key)


@pytest.mark.django_db(transaction=True)
def test_the_same_key_at_once_makes_one_job(sent):
    host = make_host("alpha")
    jobs = at_once(*[partial(make_job, host, key="wish")] * 6)
    assert {job.pk for job in jobs} == {Job.objects.get().pk}
    assert Step.objects.count() == 1
    assert len(sent.tasks) == 1


def test_a_host_has_a_queue_of_limited_length(host, other_host, monkeypatch):
    monkeypatch.setattr(services, "MAX_QUEUED_PER_HOST", 2)
    jobs = [make_job(host) for _ in range(2)]
    with pytest.raises(Conflict, match="2 jobs wait on this host already"):
        make_job(host)
    make_job(other_host)
    jobs[0].state = JobState.RUNNING
    jobs[0].save(update_fields=["state"])
    make_job(host)
