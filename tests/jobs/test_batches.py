"""Batches: stored as one, let go of host by host, stopped when it goes wrong, always brought to an end."""

from __future__ import annotations

from functools import partial
from uuid import UUID, uuid4

import pytest
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st

from apps.accounts.actor import PANEL
from apps.accounts.models import Grant
from apps.accounts.permissions import Role
from apps.audit.models import AuditEvent
from apps.audit.queries import first_break
from apps.audit.services import Subject
from apps.freebsd.errors import Conflict, NotAllowed
from apps.hosts.models import HostGroup
from apps.jobs.approvals import expire_approvals, job_approve, job_reject
from apps.jobs.batch_rules import AT_WORK, NOT_WELL, Member, Pace, next_up, why_stop
from apps.jobs.batches import Child, advance, batch_cancel, batch_create
from apps.jobs.engine import advance_lane
from apps.jobs.models import (
    OPEN_STATES,
    WAITING_STATES,
    ApprovalPolicy,
    Batch,
    BatchState,
    Job,
    JobState,
    Step,
    StepState,
)
from apps.jobs.services import job_cancel
from apps.jobs.tasks import advance_batch, sweep
from tests.conftest import make_person
from tests.fakehost import Program
from tests.jobs.conftest import KIND, make_job, make_plan
from tests.places import make_host
from tests.threads import at_once

ENDS = (JobState.SUCCEEDED, JobState.FAILED, JobState.LOST, JobState.CANCELLED)
HELD, QUEUED, RUNNING = JobState.HELD, JobState.QUEUED, JobState.RUNNING


# -- the rules, in every order of events -------------------------------------------------------------------


class Played:
    """A batch whose hosts do what an example says; nothing is stored."""

    def __init__(self, pace: Pace, hosts: list[int], awaiting: set[int]) -> None:
        self.pace = pace
        self.hosts = [UUID(int=number) for number in hosts]
        self.states = [JobState.AWAITING if n in awaiting else HELD for n in range(len(hosts))]
        self.stopped = ""
        self.begun: list[int] = []

    @property
    def members(self) -> list[Member]:
        return [
            Member(UUID(int=n), host, state)
            for n, (host, state) in enumerate(zip(self.hosts, self.states, strict=True))
        ]

    def look(self) -> None:
        """What `advance` does."""
        if not self.stopped and (why := why_stop(self.pace, self.members)):
            self.stopped = why
        if self.stopped:
            self.states = [JobState.CANCELLED if s in WAITING_STATES else s for s in self.states]
            return
        for member in next_up(self.pace, self.members):
            assert self.states[member.job_id.int] == HELD
            self.states[member.job_id.int] = QUEUED
            self.begun.append(member.job_id.int)

    def happen(self, pick: int, end: JobState) -> None:
        """One thing happens to one open job: it is approved, begins, or ends."""
        still = [n for n, state in enumerate(self.states) if state in OPEN_STATES and state != HELD]
        if not still:
            return
        n = still[pick % len(still)]
        after = {
            JobState.AWAITING: HELD if end == JobState.SUCCEEDED else JobState.CANCELLED,
            QUEUED: RUNNING,
        }
        self.states[n] = after.get(self.states[n], end)

    def check(self) -> None:
        at_work = [host for host, state in zip(self.hosts, self.states, strict=True) if state in AT_WORK]
        assert len(at_work) == len(set(at_work)) <= self.pace.at_once
        if self.pace.canary and self.begun[1:]:
            assert self.states[0] == JobState.SUCCEEDED
        if self.pace.chained and self.begun:
            assert JobState.AWAITING not in self.states
            assert self.begun == list(range(len(self.begun)))
            assert {self.states[n] for n in self.begun[:-1]} <= {JobState.SUCCEEDED}


hosts_of_jobs = st.lists(st.integers(0, 4), min_size=1, max_size=12)
paces = st.builds(Pace, st.integers(1, 4), st.integers(0, 3), st.booleans(), st.booleans())
happenings = st.lists(st.tuples(st.integers(0, 20), st.sampled_from(ENDS)), max_size=60)


@given(paces, hosts_of_jobs, st.sets(st.integers(0, 11), max_size=4), happenings)
def test_whatever_happens_the_rules_hold_and_it_ends(pace, hosts, awaiting, happens):
    played = Played(pace, hosts, awaiting)
    for pick, end in [*happens, *[(0, JobState.SUCCEEDED)] * 5 * len(hosts)]:
        bad = sum(state in NOT_WELL for state in played.states)
        begun = len(played.begun)
        played.look()
        if pace.stop_after and bad >= pace.stop_after:
            assert len(played.begun) == begun
        played.check()
        played.happen(pick, end)
    played.look()
    assert not [state for state in played.states if state in OPEN_STATES]


@given(paces, hosts_of_jobs, happenings)
def test_looking_twice_lets_go_of_no_more(pace, hosts, happens):
    played = Played(pace, hosts, set())
    for pick, end in happens:
        played.look()
        before = list(played.states)
        played.look()
        assert played.states == before
        played.happen(pick, end)


@given(hosts_of_jobs)
def test_one_host_at_once_goes_through_all_in_their_order(hosts):
    played = Played(Pace(), sorted(hosts), set())
    for _ in range(3 * len(hosts)):
        played.look()
        played.happen(0, JobState.SUCCEEDED)
    assert played.begun == list(range(len(hosts)))


def members(*states: str) -> list[Member]:
    return [Member(uuid4(), uuid4(), state) for state in states]


@pytest.mark.parametrize(
    ("pace", "states", "why"),
    [
        (Pace(canary=True), ("failed", "held"), "but failed"),
        (Pace(canary=True), ("lost", "held"), "but was lost"),
        (Pace(canary=True, stop_after=0), ("cancelled", "held"), "but was cancelled"),
        (Pace(canary=True), ("running", "held"), ""),
        (Pace(canary=True), ("awaiting_approval", "held"), ""),
        (Pace(stop_after=1), ("failed", "held"), "1 job failed"),
        (Pace(stop_after=2), ("failed", "lost", "held"), "2 jobs failed, and it was to stop after 2"),
        (Pace(stop_after=2), ("failed", "succeeded", "held"), ""),
        (Pace(stop_after=0), ("failed", "failed", "held"), ""),
        (Pace(stop_after=1), ("cancelled", "held"), ""),
        (Pace(stop_after=1), ("succeeded", "failed"), ""),
        (Pace(stop_after=1), ("failed", "running"), ""),
        (Pace(canary=True), (), ""),
        (Pace(chained=True), ("succeeded", "held"), ""),
        (Pace(chained=True), ("held", "awaiting_approval"), ""),
        (Pace(chained=True), ("held", "cancelled"), "one was cancelled"),
        (Pace(chained=True), ("succeeded", "failed", "held"), "one failed"),
        (Pace(chained=True), ("succeeded", "failed"), ""),
    ],
)
def test_it_stops_when_its_pace_says_so_and_something_is_left_to_stop(pace, states, why):
    said = why_stop(pace, members(*states))
    assert why in said
    assert bool(said) == bool(why)


# -- stored ------------------------------------------------------------------------------------------------


@pytest.fixture
def three(db):
    """Three hosts."""
    return [make_host(f"host{n}", address=f"203.0.113.{n + 1}") for n in range(3)]


@pytest.fixture
def make(three, owner):
    """Make a batch with a job on each host named: "001" has two on the first."""

    def make_batch(hosts="012", *, key="wish", actor=None, **pace) -> Batch:
        children = [child(three[int(number)], n) for n, number in enumerate(hosts)]
        return batch_create(
            actor=actor or owner.actor, kind=KIND, title="Work on many", children=children, pace=Pace(**pace),
            idempotency_key=key,
        )  # fmt: skip

    return make_batch


def child(host, number: int) -> Child:
    name = f"jail{number}"
    plan = make_plan((f"/bin/step{number}", name), title=f"Work on {name}")
    return Child(
        host.pk, plan, name, {"n": number}, "jail.work_requested", Subject("jail", name, name, host.pk)
    )


def states(batch: Batch) -> list[str]:
    return list(batch.jobs.order_by("batch_position").values_list("state", flat=True))


def end(batch: Batch, position: int, state: str = JobState.SUCCEEDED) -> None:
    """Bring a job to its end, as the engine would, and have the batch look."""
    batch.jobs.filter(batch_position=position).update(state=state)
    advance(batch.pk)


def test_all_jobs_are_stored_with_plan_steps_and_record_and_the_first_is_let_go(make, three, sent, owner):
    batch = make("012")
    assert states(batch) == [QUEUED, HELD, HELD]
    jobs = list(batch.jobs.order_by("batch_position"))
    assert [(job.host_id, job.subject, job.title) for job in jobs] == [
        (host.pk, f"jail{n}", f"Work on jail{n}") for n, host in enumerate(three)
    ]
    assert [[step.argv for step in job.steps.all()] for job in jobs] == [
        [[f"/bin/step{n}", f"jail{n}"]] for n in range(3)
    ]
    assert [job.plan_hash for job in jobs] == [job.stored_plan.hash for job in jobs]
    events = AuditEvent.objects.exclude(action__startswith="session.").order_by("sequence")
    assert [event.action for event in events] == ["batch.requested", *["jail.work_requested"] * 3]
    assert [event.job_id for event in events[1:]] == [job.pk for job in jobs]
    assert {event.detail["batch"] for event in events[1:]} == {str(batch.pk)}
    assert {event.actor_name for event in events} == {"owner"}
    assert first_break() is None


def test_the_first_hosts_are_woken_and_pages_told_after_the_commit(
    make, three, sent, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        batch = make("0112", at_once=2)
        assert (sent.tasks, sent.events) == ([], [])
    assert sent.tasks == [("apps.jobs.tasks.advance_lane", str(host.pk)) for host in three[:2]]
    assert {"jobs", f"batch:{batch.pk}", *(f"host:{host.pk}" for host in three)} <= sent.topics


def test_a_wish_that_comes_twice_makes_one_batch(make):
    assert make(key="once") == make("0", key="once")
    assert (Batch.objects.count(), Job.objects.count()) == (1, 3)


def test_the_same_key_of_someone_else_makes_their_own(make, outsider):
    assert make(key="once") != make(key="once", actor=outsider.actor)


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_once_make_one_batch(make, sent):
    made = at_once(*[partial(make, key="once")] * 3)
    assert len({batch.pk for batch in made}) == 1
    assert (Batch.objects.count(), Job.objects.count()) == (1, 3)


@pytest.mark.django_db(transaction=True)
def test_a_host_that_is_gone_leaves_nothing_behind(make, three, sent):
    three[1].delete()
    with pytest.raises(Conflict, match="removed from the panel"):
        make("012")
    assert not Batch.objects.exists()
    assert not Job.objects.exists()
    assert not AuditEvent.objects.filter(action="batch.requested").exists()


def test_a_thousand_jobs_are_stored_in_one_go(make, django_assert_max_num_queries):
    with django_assert_max_num_queries(200):
        batch = make("012" * 333 + "0")
    assert (batch.jobs.count(), Step.objects.filter(job__batch=batch).count()) == (1000, 1000)


def test_held_jobs_do_not_fill_their_hosts_queue(make, three):
    make("0" * 150)
    assert make_job(three[0], subject="other").state == QUEUED


def test_the_next_job_of_a_host_is_let_go_when_the_one_before_has_ended(make):
    batch = make("001", at_once=2)
    assert states(batch) == [QUEUED, HELD, QUEUED]
    end(batch, 0)
    assert states(batch) == [JobState.SUCCEEDED, QUEUED, QUEUED]


def test_nothing_but_the_canary_begins_before_it_has_succeeded(make):
    batch = make("012", at_once=3, canary=True)
    assert states(batch) == [QUEUED, HELD, HELD]
    end(batch, 0, RUNNING)
    assert states(batch) == [RUNNING, HELD, HELD]
    end(batch, 0)
    assert states(batch) == [JobState.SUCCEEDED, QUEUED, QUEUED]


@pytest.mark.parametrize("state", [JobState.FAILED, JobState.LOST, JobState.CANCELLED])
def test_a_canary_that_does_not_succeed_stops_the_batch(make, state):
    batch = make("012", canary=True, stop_after=0)
    end(batch, 0, state)
    batch.refresh_from_db()
    assert states(batch) == [state, JobState.CANCELLED, JobState.CANCELLED]
    assert (batch.state, batch.ended_at is not None) == (BatchState.STOPPED, True)
    assert "had to succeed before any other begins" in batch.outcome
    job = batch.jobs.get(batch_position=1)
    assert job.outcome == f"It had not begun. {batch.outcome}"
    assert job.ended_at is not None
    assert set(Step.objects.filter(job=job).values_list("state", flat=True)) == {StepState.SKIPPED}
    cancelled = AuditEvent.objects.filter(action="job.cancelled")
    assert {event.job_id for event in cancelled} == {job.pk, batch.jobs.get(batch_position=2).pk}


def test_after_n_failures_no_other_begins_and_those_that_run_go_on(make):
    batch = make("0120", at_once=2, stop_after=1)
    end(batch, 1, RUNNING)
    end(batch, 0, JobState.FAILED)
    batch.refresh_from_db()
    assert states(batch) == [JobState.FAILED, RUNNING, JobState.CANCELLED, JobState.CANCELLED]
    assert (batch.state, batch.ended_at) == (BatchState.STOPPED, None)
    end(batch, 1)
    batch.refresh_from_db()
    assert batch.ended_at is not None
    assert batch.outcome == "Stopped: 1 job failed, and it was to stop after 1."


def test_it_goes_on_after_fewer_failures_and_says_what_it_came_to(make):
    batch = make("012", stop_after=2)
    for position, state in enumerate((JobState.FAILED, JobState.CANCELLED, JobState.SUCCEEDED)):
        end(batch, position, state)
    batch.refresh_from_db()
    assert (batch.state, batch.outcome) == (BatchState.ENDED, "1 succeeded, 1 failed, 1 cancelled.")
    assert [e.action for e in AuditEvent.objects.filter(object_type="batch").order_by("sequence")] == [
        "batch.requested",
        "batch.ended",
    ]


def test_looking_at_a_batch_again_changes_nothing(make):
    batch = make("012", at_once=2)
    before = list(Job.objects.order_by("pk").values())
    events = AuditEvent.objects.count()
    advance(batch.pk)
    advance(batch.pk)
    advance(uuid4())
    assert list(Job.objects.order_by("pk").values()) == before
    assert AuditEvent.objects.count() == events


@pytest.mark.django_db(transaction=True)
def test_two_workers_that_look_at_once_let_go_of_no_more_than_may_begin(make, sent):
    batch = make("012", at_once=1)
    batch.jobs.filter(batch_position=0).update(state=JobState.SUCCEEDED)
    at_once(*[partial(advance, batch.pk)] * 4)
    assert states(batch) == [JobState.SUCCEEDED, QUEUED, HELD]


@pytest.mark.django_db(transaction=True)
def test_two_workers_that_look_at_its_end_record_it_once(make, sent):
    batch = make("0")
    batch.jobs.update(state=JobState.SUCCEEDED)
    at_once(*[partial(advance, batch.pk)] * 4)
    assert AuditEvent.objects.filter(action="batch.ended").count() == 1


# -- wake-ups ----------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("gateway", "problems")
def test_a_job_that_has_ended_wakes_its_batch(
    make, three, fake_host, sent, django_capture_on_commit_callbacks
):
    batch = make("01")
    fake_host.programs[("/bin/step0", "jail0")] = Program((b"done\n",))
    with django_capture_on_commit_callbacks(execute=True):
        assert advance_lane(three[0].pk)
    assert ("apps.jobs.tasks.advance_batch", str(batch.pk)) in sent.tasks
    advance_batch(str(batch.pk))
    assert states(batch) == [JobState.SUCCEEDED, QUEUED]


def test_a_job_that_is_cancelled_wakes_its_batch(make, owner, sent, django_capture_on_commit_callbacks):
    batch = make("01")
    with django_capture_on_commit_callbacks(execute=True):
        job_cancel(actor=owner.actor, job=batch.jobs.get(batch_position=0))
    assert ("apps.jobs.tasks.advance_batch", str(batch.pk)) in sent.tasks


def test_the_sweeper_looks_at_each_batch_that_has_not_ended(make, sent):
    open_batch, ended = make("01", key="a"), make("2", key="b")
    end(ended, 0)
    sweep()
    looked = [task[1] for task in sent.tasks if task[0] == "apps.jobs.tasks.advance_batch"]
    assert looked == [str(open_batch.pk)]


# -- a second person ---------------------------------------------------------------------------------------


@pytest.fixture
def policy(three):
    """What runs on the second host needs a second person."""
    group = HostGroup.objects.create(name="careful")
    three[1].group = group
    three[1].save()
    return ApprovalPolicy.objects.create(group=group, valid_h=4)


@pytest.fixture
def boss(db):
    return make_person("boss", (Role.MANAGER, None))


def test_a_job_that_waits_for_approval_does_not_hold_up_those_behind_it(make, policy):
    batch = make("012")
    assert states(batch) == [QUEUED, JobState.AWAITING, HELD]
    end(batch, 0)
    assert states(batch) == [JobState.SUCCEEDED, JobState.AWAITING, QUEUED]
    end(batch, 2)
    batch.refresh_from_db()
    assert batch.ended_at is None


def test_an_approved_job_is_held_and_the_next_in_turn(make, policy, boss):
    batch = make("0120")
    job = batch.jobs.get(batch_position=1)
    job_approve(actor=boss.actor, job=job, plan_hash=job.plan_hash)
    advance(batch.pk)
    assert states(batch) == [QUEUED, HELD, HELD, HELD]
    end(batch, 0)
    assert states(batch) == [JobState.SUCCEEDED, QUEUED, HELD, HELD]


def test_a_canary_that_nobody_approves_stops_the_batch_when_its_time_runs_out(make, policy):
    batch = make("10", canary=True)
    advance(batch.pk)
    assert states(batch) == [JobState.AWAITING, HELD]
    batch.jobs.filter(batch_position=0).update(approval_until=batch.created_at)
    expire_approvals()
    advance(batch.pk)
    assert states(batch) == [JobState.CANCELLED, JobState.CANCELLED]


def test_a_rejected_job_lets_the_batch_end(make, policy, boss):
    batch = make("01")
    job_reject(actor=boss.actor, job=batch.jobs.get(batch_position=1), reason="Not today.")
    end(batch, 0)
    batch.refresh_from_db()
    assert batch.state == BatchState.ENDED


def test_a_stopped_batch_takes_waiting_approvals_with_it(make, policy, owner, boss):
    batch = make("01")
    job = batch.jobs.get(batch_position=1)
    batch_cancel(actor=owner.actor, batch=batch, running=False)
    assert states(batch) == [JobState.CANCELLED, JobState.CANCELLED]
    with pytest.raises(Conflict):
        job_approve(actor=boss.actor, job=job, plan_hash=job.plan_hash)


# -- stopping and cancelling -------------------------------------------------------------------------------


def test_stopping_lets_none_begin_any_more(make, owner):
    batch = make("012", at_once=2)
    end(batch, 0, RUNNING)
    batch_cancel(actor=owner.actor, batch=batch, running=False)
    batch.refresh_from_db()
    assert states(batch) == [RUNNING, JobState.CANCELLED, JobState.CANCELLED]
    assert (batch.state, batch.outcome, batch.ended_at) == (BatchState.STOPPED, "owner stopped it.", None)
    job = batch.jobs.get(batch_position=1)
    assert (job.outcome, job.cancel_requested_by) == ("It had not begun. owner stopped it.", "owner")
    assert batch.jobs.get(batch_position=0).cancel_requested_at is None
    end(batch, 0)
    batch.refresh_from_db()
    assert batch.ended_at is not None


def test_cancelling_all_asks_for_the_end_of_those_that_run_too(make, owner):
    batch = make("012", at_once=2)
    end(batch, 0, RUNNING)
    batch_cancel(actor=owner.actor, batch=batch, running=True)
    assert batch.jobs.get(batch_position=0).cancel_requested_by == "owner"
    actions = AuditEvent.objects.filter(actor_name="owner").exclude(action__startswith="session.")
    assert {"batch.stop_requested", "batch.cancel_requested", "job.cancel_requested"} <= set(
        actions.values_list("action", flat=True)
    )


def test_a_stopped_batch_may_still_be_cancelled_but_not_stopped_again(make, owner):
    batch = make("01")
    end(batch, 0, RUNNING)
    batch_cancel(actor=owner.actor, batch=batch, running=False)
    with pytest.raises(Conflict, match="stopped already"):
        batch_cancel(actor=owner.actor, batch=batch, running=False)
    batch_cancel(actor=owner.actor, batch=batch, running=True)
    assert batch.jobs.get(batch_position=0).cancel_requested_at is not None


def test_an_ended_batch_cannot_be_cancelled(make, owner):
    batch = make("0")
    end(batch, 0)
    with pytest.raises(Conflict, match="ended already"):
        batch_cancel(actor=owner.actor, batch=batch, running=True)


def test_who_may_not_cancel_on_each_host_cancels_nothing(make, three, operator):
    batch = make("012")
    Grant.objects.create(user=operator.user, role=Role.OPERATOR, host=three[0])
    with pytest.raises(NotAllowed):
        batch_cancel(actor=operator.actor, batch=batch, running=True)
    assert states(batch) == [QUEUED, HELD, HELD]


def test_hosts_whose_jobs_have_ended_need_no_permission(make, three, operator):
    batch = make("01")
    end(batch, 0)
    Grant.objects.create(user=operator.user, role=Role.OPERATOR, host=three[1])
    batch_cancel(actor=operator.actor, batch=batch, running=False)
    assert states(batch) == [JobState.SUCCEEDED, JobState.CANCELLED]


def test_the_panel_itself_may_make_one(make):
    assert make(actor=PANEL).requester_name == "jailpanel"


def test_what_is_rolled_back_is_not_there(make):
    def make_and_fail() -> None:
        with transaction.atomic():
            make()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        make_and_fail()
    assert not Batch.objects.exists()
