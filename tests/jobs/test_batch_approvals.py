"""Deciding many jobs of a batch together: those that stood on the page, and no other."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from apps.accounts.actor import PANEL
from apps.accounts.permissions import Role
from apps.audit.models import AuditEvent
from apps.freebsd.errors import Conflict, InvalidInput, NotAllowed
from apps.jobs.batch_approvals import (
    MOST_AT_ONCE,
    batch_approve,
    batch_reject,
    batch_waiting,
    batches_waiting,
    hash_of,
)
from apps.jobs.models import ApprovalPolicy, Batch, Job, JobState
from apps.jobs.services import Because, job_cancel, job_create
from tests.answers import commands, hidden, text, words
from tests.conftest import make_person
from tests.jobs.conftest import KIND, make_plan


@pytest.fixture
def bob(host):
    return make_person("bob", (Role.MANAGER, host))


@pytest.fixture
def wish(host, other_host, operator):
    """Make a batch of some jobs on `host` and one on another, which all wait; asked for by the operator."""
    ApprovalPolicy.objects.create(valid_h=4)

    def make(count: int = 3, actor=operator.actor) -> Batch:
        asked = {"requester_id": actor.user_id, "requester_name": actor.name}
        batch = Batch.objects.create(kind=KIND, title="Work on all", idempotency_key=str(count), **asked)
        for position in range(count + 1):
            where = host if position < count else other_host
            job_create(
                actor=actor, host_id=where.pk, plan=make_plan((f"/bin/step{position}",)), subject="",
                intent={}, because=Because(batch, position),
            )  # fmt: skip
        return batch

    return make


@pytest.fixture
def batch(wish) -> Batch:
    return wish()


def seen_by(person, batch: Batch) -> str:
    return hash_of(list(batch_waiting(person.actor, batch)))


def states(batch: Batch) -> list[str]:
    return list(batch.jobs.order_by("batch_position").values_list("state", flat=True))


def test_what_was_seen_is_approved_and_nothing_else(batch, bob):
    assert batch_approve(actor=bob.actor, batch=batch, seen=seen_by(bob, batch)) == 3
    assert states(batch) == [JobState.HELD] * 3 + [JobState.AWAITING]
    approved = batch.jobs.filter(state=JobState.HELD)
    assert {(job.approver_name, job.approved_hash == job.plan_hash) for job in approved} == {("bob", True)}


def test_each_approval_has_its_event_and_all_have_one_more(batch, bob):
    batch_approve(actor=bob.actor, batch=batch, seen=seen_by(bob, batch))
    assert AuditEvent.objects.filter(action="job.approved").count() == 3
    assert AuditEvent.objects.get(action="batch.approved").detail == {"jobs": 3}


def test_what_was_seen_is_rejected_with_the_reason(batch, bob):
    assert batch_reject(actor=bob.actor, batch=batch, seen=seen_by(bob, batch), reason="Not today.") == 3
    assert states(batch) == [JobState.CANCELLED] * 3 + [JobState.AWAITING]
    assert set(batch.jobs.values_list("outcome", flat=True)) == {"", "bob rejected it: Not today."}


def test_a_rejection_without_a_reason_rejects_nothing(batch, bob):
    with pytest.raises(InvalidInput):
        batch_reject(actor=bob.actor, batch=batch, seen=seen_by(bob, batch), reason=" ")
    assert JobState.CANCELLED not in states(batch)


def test_other_jobs_than_those_that_were_seen_are_not_approved(batch, bob, operator):
    seen = seen_by(bob, batch)
    job_cancel(actor=operator.actor, job=batch.jobs.get(batch_position=0))
    for old in (seen, "", "0" * 64):
        with pytest.raises(Conflict, match="not the jobs that wait"):
            batch_approve(actor=bob.actor, batch=batch, seen=old)
    assert JobState.HELD not in states(batch)


def test_another_plan_makes_another_page(batch, bob):
    seen = seen_by(bob, batch)
    Job.objects.filter(batch=batch, batch_position=1).update(plan_hash="0" * 64)
    with pytest.raises(Conflict):
        batch_approve(actor=bob.actor, batch=batch, seen=seen)


def test_one_whose_plan_was_changed_is_left_out(batch, bob):
    Job.objects.filter(batch=batch, batch_position=1).update(plan_hash="0" * 64)
    assert batch_approve(actor=bob.actor, batch=batch, seen=seen_by(bob, batch)) == 2
    assert states(batch)[:3] == [JobState.HELD, JobState.AWAITING, JobState.HELD]


def test_what_has_run_out_is_not_among_them(batch, bob):
    Job.objects.filter(batch=batch).update(approval_until=timezone.now() - timedelta(seconds=1))
    assert not batch_waiting(bob.actor, batch).exists()
    with pytest.raises(Conflict):
        batch_approve(actor=bob.actor, batch=batch, seen=hash_of([]))


def test_who_may_not_approve_decides_nothing(batch, wish, bob, operator, viewer):
    own = wish(2, bob.actor)
    for actor, what in ((operator.actor, batch), (viewer.actor, batch), (PANEL, batch), (bob.actor, own)):
        with pytest.raises(NotAllowed):
            batch_approve(actor=actor, batch=what, seen=hash_of(list(what.jobs.order_by("batch_position"))))
        with pytest.raises(NotAllowed):
            batch_reject(actor=actor, batch=what, seen="", reason="no")
    assert not Job.objects.exclude(state=JobState.AWAITING).exists()


def test_no_more_are_decided_together_than_one_can_look_at(wish, bob):
    many = wish(MOST_AT_ONCE + 5)
    page = bob.client.get(reverse("jobs:batch-approve", args=[many.pk]))
    assert "50 jobs wait for you" in words(page)
    assert "Another 5 of this batch come after these." in words(page)
    assert len(page.content) < 200_000
    answer = bob.client.post(page.request["PATH_INFO"], {"seen": hidden(page, "seen")})
    assert answer.headers["Location"] == page.request["PATH_INFO"]
    assert batch_waiting(bob.actor, many).count() == 5


def test_the_page_shows_every_command_that_is_decided(batch, bob):
    page = bob.client.get(reverse("jobs:batch-approve", args=[batch.pk]))
    assert commands(page) == ["/bin/step0", "/bin/step1", "/bin/step2"]
    answer = bob.client.post(page.request["PATH_INFO"], {"seen": hidden(page, "seen")})
    assert answer.headers["Location"] == batch.get_absolute_url()
    assert "Nothing of it waits for you" in words(bob.client.get(page.request["PATH_INFO"]))


def test_rejecting_carries_what_was_seen(batch, bob):
    page = bob.client.get(reverse("jobs:batch-approve", args=[batch.pk]))
    url = reverse("jobs:batch-reject", args=[batch.pk])
    form = bob.client.get(url, {"seen": hidden(page, "seen")})
    bob.client.post(url, {"seen": hidden(form, "seen"), "reason": "No."})
    assert states(batch)[:3] == [JobState.CANCELLED] * 3


def test_a_batch_leads_to_what_one_can_decide_of_it(batch, bob, operator):
    url = reverse("jobs:batch-approve", args=[batch.pk])
    for page in (batch.get_absolute_url(), "/approval/"):
        assert url in text(bob.client.get(page))
        assert url not in text(operator.client.get(page))
    assert "Work on all 3 jobs" in words(operator.client.get("/approval/"))


def test_batches_that_wait_are_counted_in_two_queries(wish, bob, django_assert_num_queries):
    for count in (1, 2, 3):
        wish(count)
    actor = bob.actor
    with django_assert_num_queries(2):
        found = batches_waiting(actor, 20)
    assert [(entry.count, entry.mine) for entry in found] == [(1, 1), (2, 2), (3, 3)]
