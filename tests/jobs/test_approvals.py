"""The second person: who may be it, what they agree to, and for how long."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from apps.accounts.actor import PANEL, Actor
from apps.accounts.models import Grant
from apps.accounts.permissions import Role
from apps.audit.models import AuditEvent
from apps.freebsd.errors import Conflict, InvalidInput, NotAllowed
from apps.jobs.approvals import expire_approvals, job_approve, job_reject, plan_holds
from apps.jobs.engine import advance_lane
from apps.jobs.models import ApprovalPolicy, Batch, Job, JobState, StepState
from apps.jobs.policies import Rule, policy_change, policy_remove
from apps.jobs.services import Because, job_cancel, job_create
from apps.jobs.tasks import sweep
from tests.conftest import make_person
from tests.fakehost import Program
from tests.jobs.conftest import KIND, make_job, make_plan
from tests.threads import at_once


@pytest.fixture
def policy(db) -> ApprovalPolicy:
    """Every job needs a second person, and waits four hours for them."""
    return ApprovalPolicy.objects.create(valid_h=4)


@pytest.fixture
def bob(host):
    return make_person("bob", (Role.MANAGER, host))


@pytest.fixture
def job(host, policy, operator) -> Job:
    """What the operator asked for."""
    return make_job(host, actor=operator.actor)


def now_is(job: Job, state: JobState) -> Job:
    job.refresh_from_db()
    assert job.state == state
    return job


def late(job: Job) -> None:
    Job.objects.filter(pk=job.pk).update(approval_until=timezone.now() - timedelta(seconds=1))
    job.refresh_from_db()


def actions(job: Job) -> list[str]:
    return list(
        AuditEvent.objects.filter(job_id=job.pk).order_by("sequence").values_list("action", flat=True)
    )


# -- approving ------------------------------------------------------------------------------------------


def test_an_approved_job_is_queued_with_who_when_and_what(job, bob, sent, django_capture_on_commit_callbacks):
    before = timezone.now()
    with django_capture_on_commit_callbacks(execute=True):
        job_approve(actor=bob.actor, job=job, plan_hash=job.plan_hash)
    now_is(job, JobState.QUEUED)
    assert (job.approver, job.approver_name, job.approved_hash) == (bob.user, "bob", job.plan_hash)
    assert before <= job.approved_at <= timezone.now()
    assert sent.tasks == [("apps.jobs.tasks.advance_lane", str(job.host_id))]
    assert f"job:{job.pk}" in sent.topics


def test_an_approval_is_recorded_with_the_hash_of_what_was_approved(job, bob):
    job_approve(actor=bob.actor, job=job, plan_hash=job.plan_hash)
    event = AuditEvent.objects.get(action="job.approved")
    assert (event.actor_name, event.job_id, event.host_id) == ("bob", job.pk, job.host_id)
    assert event.detail == {"plan_hash": job.plan_hash}


def test_an_approval_is_valid_for_as_long_as_the_wait_for_it_was(job, bob):
    job_approve(actor=bob.actor, job=job, plan_hash=job.plan_hash)
    job.refresh_from_db()
    assert job.approval_until - job.approved_at == timedelta(hours=4)


@pytest.fixture
def in_batch(host, policy, operator) -> Job:
    """A job that waits for a second person and then for its turn in a batch."""
    batch = Batch.objects.create(kind=KIND, title="Work", idempotency_key="one")
    return job_create(
        actor=operator.actor, host_id=host.pk, plan=make_plan(("/bin/x",)), subject="", intent={},
        because=Because(batch, 0),
    )  # fmt: skip


def test_an_approved_job_of_a_batch_waits_for_its_turn(
    in_batch, bob, sent, django_capture_on_commit_callbacks
):
    now_is(in_batch, JobState.AWAITING)
    with django_capture_on_commit_callbacks(execute=True):
        job_approve(actor=bob.actor, job=in_batch, plan_hash=in_batch.plan_hash)
    now_is(in_batch, JobState.HELD)
    assert ("apps.jobs.tasks.advance_batch", str(in_batch.batch_id)) in sent.tasks


def test_a_batch_hears_of_a_rejection(in_batch, bob, sent, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        job_reject(actor=bob.actor, job=in_batch, reason="no")
    assert sent.tasks == [("apps.jobs.tasks.advance_batch", str(in_batch.batch_id))]


def test_an_approved_job_that_waits_too_long_for_its_turn_is_cancelled(in_batch, bob, sent):
    job_approve(actor=bob.actor, job=in_batch, plan_hash=in_batch.plan_hash)
    late(in_batch)
    assert expire_approvals() == 1
    now_is(in_batch, JobState.CANCELLED)


@pytest.mark.django_db(transaction=True)
def test_an_approved_job_runs_what_was_approved(work, policy, bob):
    job = work(Program([b"done\n"]))
    assert not advance_lane(job.host_id)
    job_approve(actor=bob.actor, job=job, plan_hash=job.plan_hash)
    assert advance_lane(job.host_id)
    now_is(job, JobState.SUCCEEDED)


@pytest.mark.django_db(transaction=True)
def test_what_was_changed_after_the_approval_does_not_run(work, policy, bob, fake_host):
    job = work(Program([b"done\n"]))
    job_approve(actor=bob.actor, job=job, plan_hash=job.plan_hash)
    job.steps.update(argv=["/bin/sh", "-c", "something else"])
    advance_lane(job.host_id)
    now_is(job, JobState.FAILED)
    assert "not what was agreed to" in job.outcome


@pytest.mark.django_db(transaction=True)
def test_a_job_that_waits_for_an_approval_does_not_keep_others_waiting(work, operator, host, bob):
    ApprovalPolicy.objects.create(kind="tests.other")
    plan = make_plan(("/bin/other",))
    other = job_create(
        actor=operator.actor, host_id=host.pk, subject="other", intent={},
        plan=type(plan)("tests.other", plan.title, plan.commands),
    )  # fmt: skip
    job = work(Program([b"done\n"]))
    assert advance_lane(host.pk)
    now_is(job, JobState.SUCCEEDED)
    now_is(other, JobState.AWAITING)


# -- who may not ----------------------------------------------------------------------------------------


def refused(job: Job, actor: Actor, error: type[Exception] = NotAllowed) -> str:
    """What a refusal says, of an approval and of a rejection; neither changes anything."""
    with pytest.raises(error) as by_approval:
        job_approve(actor=actor, job=job, plan_hash=job.plan_hash)
    with pytest.raises(error) as by_rejection:
        job_reject(actor=actor, job=job, reason="no")
    assert str(by_approval.value) == str(by_rejection.value)
    before = job.state
    job.refresh_from_db()
    assert (job.state, job.approved_hash, job.approver_name) == (before, "", "")
    return str(by_approval.value)


def test_who_may_not_approve_may_not(host, policy, operator, viewer, outsider):
    job = make_job(host, actor=PANEL)
    for person in (operator, viewer, outsider):
        assert "You may not approve jobs here." in refused(job, person.actor)


def test_nobody_approves_what_they_asked_for(host, policy, bob):
    job = make_job(host, actor=bob.actor)
    assert "somebody else has to agree" in refused(job, bob.actor)


def test_another_grant_does_not_make_another_person(host, policy, bob):
    job = make_job(host, actor=bob.actor)
    Grant.objects.create(user=bob.user, role=Role.ADMIN)
    assert "somebody else has to agree" in refused(job, bob.actor)


def test_an_account_that_is_made_again_is_still_who_asked(host, policy, bob):
    job = make_job(host, actor=bob.actor)
    bob.user.delete()
    job.refresh_from_db()
    again = make_person("bob", (Role.MANAGER, host))
    assert "somebody else has to agree" in refused(job, again.actor)


def test_the_panel_approves_nothing(job):
    assert "a person has to" in refused(job, PANEL)


def test_what_a_schedule_asked_for_is_approved_by_one_person(host, policy, bob):
    job = make_job(host, actor=PANEL)
    job_approve(actor=bob.actor, job=job, plan_hash=job.plan_hash)
    now_is(job, JobState.QUEUED)


# -- what cannot be approved any more -------------------------------------------------------------------


def test_another_plan_than_the_one_that_was_seen_is_not_approved(job, bob):
    for seen in ("", "0" * 64, job.plan_hash.upper()):
        with pytest.raises(Conflict, match="not the commands that wait"):
            job_approve(actor=bob.actor, job=job, plan_hash=seen)
    now_is(job, JobState.AWAITING)


def test_a_stored_plan_that_was_changed_is_not_approved(job, bob):
    job.plan["commands"][0]["argv"] = ["/bin/sh"]
    job.save(update_fields=["plan"])
    with pytest.raises(Conflict, match="not the commands that wait"):
        job_approve(actor=bob.actor, job=job, plan_hash=job.plan_hash)
    now_is(job, JobState.AWAITING)


@pytest.mark.parametrize("argv", [["/bin/sh"], []])
def test_steps_that_are_not_the_plans_commands_are_not_approved(job, bob, argv):
    job.steps.update(argv=argv)
    with pytest.raises(Conflict, match="not the commands that wait"):
        job_approve(actor=bob.actor, job=job, plan_hash=job.plan_hash)


@pytest.mark.parametrize("plan", [{}, {"commands": [{}]}, {"commands": [{"argv": 3}]}, []])
def test_a_stored_plan_that_is_none_does_not_hold(job, plan):
    job.plan = plan
    assert not plan_holds(job)


@pytest.mark.parametrize("state", [state for state in JobState if state != JobState.AWAITING])
def test_only_what_waits_is_approved(job, bob, state):
    Job.objects.filter(pk=job.pk).update(state=state)
    assert "meanwhile" in refused(Job.objects.get(pk=job.pk), bob.actor, Conflict)


def test_a_page_that_is_out_of_date_approves_nothing(job, bob, operator):
    seen = Job.objects.get(pk=job.pk)
    job_cancel(actor=operator.actor, job=job)
    with pytest.raises(Conflict, match="meanwhile"):
        job_approve(actor=bob.actor, job=seen, plan_hash=seen.plan_hash)
    now_is(job, JobState.CANCELLED)


def test_an_approval_that_comes_too_late_is_none(job, bob):
    late(job)
    assert "meanwhile" in refused(job, bob.actor, Conflict)


@pytest.mark.django_db(transaction=True)
def test_two_who_approve_at_once_make_one_approval(job, bob, host):
    carol = make_person("carol", (Role.MANAGER, host)).actor
    first, second = bob.actor, carol
    results = at_once(
        lambda: job_approve(actor=first, job=Job.objects.get(pk=job.pk), plan_hash=job.plan_hash),
        lambda: job_approve(actor=second, job=Job.objects.get(pk=job.pk), plan_hash=job.plan_hash),
    )
    assert sorted(type(result).__name__ for result in results) == ["Conflict", "NoneType"]
    now_is(job, JobState.QUEUED)
    event = AuditEvent.objects.get(action="job.approved")
    assert event.actor_name == job.approver_name


@pytest.mark.django_db(transaction=True)
def test_an_approval_and_a_rejection_at_once_are_one_of_them(job, bob, host):
    carol = make_person("carol", (Role.MANAGER, host)).actor
    first = bob.actor
    at_once(
        lambda: job_approve(actor=first, job=Job.objects.get(pk=job.pk), plan_hash=job.plan_hash),
        lambda: job_reject(actor=carol, job=Job.objects.get(pk=job.pk), reason="no"),
    )
    job.refresh_from_db()
    one = {JobState.QUEUED: ["job.approved"], JobState.CANCELLED: ["job.rejected"]}
    assert actions(job) == one[job.state]


# -- rejecting ------------------------------------------------------------------------------------------


def test_a_rejected_job_is_over_and_says_who_and_why(job, bob):
    job_reject(actor=bob.actor, job=job, reason="  Not during\nthe day. ")
    now_is(job, JobState.CANCELLED)
    assert job.outcome == "bob rejected it: Not during the day."
    assert job.ended_at is not None
    assert {step.state for step in job.steps.all()} == {StepState.SKIPPED}
    assert AuditEvent.objects.get(action="job.rejected").detail == {"reason": "Not during the day."}


@pytest.mark.parametrize("reason", ["", "  \n "])
def test_a_rejection_says_why(job, bob, reason):
    with pytest.raises(InvalidInput) as refusal:
        job_reject(actor=bob.actor, job=job, reason=reason)
    assert refusal.value.field == "reason"
    now_is(job, JobState.AWAITING)


# -- running out ----------------------------------------------------------------------------------------


def test_a_job_that_nobody_approved_in_time_is_cancelled(job, sent):
    late(job)
    sweep()
    now_is(job, JobState.CANCELLED)
    assert job.outcome.startswith("Nobody approved it until ")
    event = AuditEvent.objects.get(action="job.approval_expired")
    assert (event.actor_name, event.job_id) == ("jailpanel", job.pk)


def test_an_approved_job_that_did_not_begin_in_time_is_cancelled(job, bob, sent):
    job_approve(actor=bob.actor, job=job, plan_hash=job.plan_hash)
    late(job)
    assert not advance_lane(job.host_id)
    sweep()
    now_is(job, JobState.CANCELLED)
    assert job.outcome.startswith("bob approved it, but it did not begin before")


def test_nothing_else_runs_out(job, bob, host):
    ApprovalPolicy.objects.all().delete()
    free, running = make_job(host), make_job(host)
    Job.objects.filter(pk=running.pk).update(state=JobState.RUNNING, approval_until=timezone.now())
    assert expire_approvals() == 0
    now_is(job, JobState.AWAITING)
    now_is(free, JobState.QUEUED)
    now_is(running, JobState.RUNNING)


def test_what_was_approved_while_the_sweeper_looked_is_left_alone(job, bob, monkeypatch):
    late(job)
    until = timezone.now() + timedelta(hours=1)
    found = Job.objects.get(pk=job.pk)
    Job.objects.filter(pk=job.pk).update(approval_until=until)
    with transaction.atomic():
        from apps.jobs.approvals import _expire

        assert not _expire(found, timezone.now())
    now_is(job, JobState.AWAITING)


# -- policies that change meanwhile -----------------------------------------------------------------------


def test_a_job_keeps_the_hours_that_were_true_when_it_was_asked_for(job, policy, bob, owner):
    until = job.approval_until
    policy_change(actor=owner.actor, policy=policy, rule=Rule(None, "", 100))
    assert now_is(job, JobState.AWAITING).approval_until == until
    job_approve(actor=bob.actor, job=job, plan_hash=job.plan_hash)
    job.refresh_from_db()
    assert job.approval_until - job.approved_at == timedelta(hours=4)


def test_a_job_still_needs_its_approval_when_the_policy_is_gone(job, policy, owner):
    policy_remove(actor=owner.actor, policy=policy)
    now_is(job, JobState.AWAITING)
    assert not advance_lane(job.host_id)


def test_a_job_that_was_free_stays_free_when_a_policy_comes(host):
    job = make_job(host)
    ApprovalPolicy.objects.create(valid_h=1)
    assert now_is(job, JobState.QUEUED).approval_until is None
