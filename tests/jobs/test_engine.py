"""Running a job: its commands in order, a look at what is true, and an end that says what happened."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import OperationalError
from django.utils import timezone

from apps.audit.models import AuditEvent
from apps.freebsd.channel import Answer
from apps.freebsd.errors import AgentMissing, HostKeyChanged, HostUnreachable, ParseError
from apps.jobs import engine, ports, steprun
from apps.jobs.engine import DISK_FULL, LOST, NO_SPACE, advance_lane, last_words
from apps.jobs.lease import Lease
from apps.jobs.models import Job, JobState, StepState
from tests.fakehost import Program
from tests.jobs.conftest import KIND, make_job, output_of


def run(job: Job) -> Job:
    """Let a worker take the host's next job; return this one as it is then."""
    advance_lane(job.host_id)
    return Job.objects.get(pk=job.pk)


def steps(job: Job) -> list[tuple[str, int | None]]:
    return list(job.steps.order_by("position").values_list("state", "exit_status"))


def test_a_job_runs_its_commands_in_order_and_succeeds(work, fake_host):
    job = run(work(Program((b"one\n",)), Program((b"two\n",))))
    assert (job.state, job.outcome) == (JobState.SUCCEEDED, "")
    assert fake_host.started() == [("/bin/step0", "argument"), ("/bin/step1", "argument")]
    assert steps(job) == [(StepState.SUCCEEDED, 0), (StepState.SUCCEEDED, 0)]
    assert (output_of(job, 0), output_of(job, 1)) == (b"one\n", b"two\n")


def test_times_are_kept_and_the_lease_is_given_back(work):
    job = run(work(Program()))
    step = job.steps.get()
    assert job.created_at <= job.started_at <= step.started_at <= step.ended_at <= job.ended_at
    assert job.lease_until is None


def test_the_host_is_told_who_asks_and_for_which_job(work, fake_host):
    job = work(Program())
    Job.objects.update(requester_name="ada löve $(id) " + "x" * 80)
    run(job)
    (seen,) = fake_host.runs.values()
    assert seen.user == ("ada_l_ve___id__" + "x" * 80)[:64]
    assert seen.job == job.pk.hex[:12]


def test_a_failing_step_ends_the_job_with_its_last_words_and_skips_the_rest(work, fake_host):
    output = b"copying\nError: Could not stop web.\n  You need to stop it by hand.\n"
    job = run(work(Program(), Program((output,), status=1), Program()))
    assert job.state == JobState.FAILED
    assert job.outcome == "The command ended with status 1. Error: Could not stop web."
    assert steps(job) == [
        (StepState.SUCCEEDED, 0),
        (StepState.FAILED, 1),
        (StepState.SKIPPED, None),
    ]
    assert len(fake_host.started()) == 2


@pytest.mark.parametrize("status", [0, 1])
def test_a_full_disk_of_the_host_is_told_and_is_no_success_whatever_the_command_says(work, status):
    job = run(work(Program((b"copying\n",), status=status, full=True), Program()))
    assert job.state == JobState.FAILED
    assert job.outcome == f"{DISK_FULL} The command ended with status {status}. copying"
    assert steps(job) == [(StepState.FAILED, status), (StepState.SKIPPED, None)]


def test_a_command_that_finds_no_space_itself_is_told_in_plain_words(work):
    output = b"mkdir: /usr/jails/www: No space left on device\nError: Could not create jail root.\n"
    job = run(work(Program((output,), status=1)))
    assert job.outcome == f"{NO_SPACE} The command ended with status 1. Error: Could not create jail root."


def test_a_step_that_a_full_disk_lost_says_both(work):
    job = run(work(Program(status=None, full=True)))
    assert (job.state, job.outcome) == (JobState.LOST, f"{DISK_FULL} {LOST}")


def test_a_lost_step_makes_the_job_lost_and_skips_the_rest(work, fake_host):
    job = run(work(Program((b"half\n",), status=None), Program()))
    assert (job.state, job.outcome) == (JobState.LOST, LOST)
    assert steps(job) == [(StepState.LOST, None), (StepState.SKIPPED, None)]
    assert output_of(job) == b"half\n"
    assert len(fake_host.started()) == 1


@pytest.mark.parametrize(
    "program", [Program(), Program(status=1), Program(status=None)], ids=["done", "failed", "lost"]
)
def test_the_host_is_looked_at_after_every_job_however_it_ended(work, gateway, program):
    job = work(program)
    run(job)
    assert gateway.looked_at == [job.host_id]


def test_the_look_comes_before_the_end(work, gateway, monkeypatch):
    seen = []
    job = work(Program())
    monkeypatch.setattr(gateway, "observe", lambda _id: seen.append(Job.objects.get(pk=job.pk).state))
    run(job)
    assert seen == [JobState.RUNNING]


def test_a_job_whose_look_finds_something_wrong_fails_although_the_status_is_0(work, problems):
    problems += ["jls does not show the jail.", "Its root is gone."]
    job = run(work(Program((b"all fine\nWarning: not quite\n",))))
    assert job.state == JobState.FAILED
    assert job.outcome == "jls does not show the jail. Its root is gone. Warning: not quite"
    assert steps(job) == [(StepState.SUCCEEDED, 0)]


def test_a_host_that_does_not_answer_the_look_at_once_is_asked_again(work, gateway, monkeypatch):
    answers = [HostUnreachable("The host does not answer."), HostUnreachable("Still not."), None]

    def observe(_id):
        if trouble := answers.pop(0):
            raise trouble

    monkeypatch.setattr(gateway, "observe", observe)
    assert run(work(Program())).state == JobState.SUCCEEDED
    assert answers == []


def test_a_job_whose_host_cannot_be_looked_at_for_a_day_fails(work, gateway, monkeypatch):
    gateway.trouble = HostUnreachable("The host does not answer.")
    job = work(Program())
    Job.objects.update(away_since=timezone.now() - timedelta(hours=25))
    job = run(job)
    assert job.state == JobState.FAILED
    assert job.outcome == (
        "The commands ran, but the host could not be looked at afterwards. The host does not answer."
    )


def test_a_failed_job_keeps_its_words_when_the_host_cannot_be_looked_at(work, gateway):
    gateway.trouble = ParseError("The answer was cut short.")
    job = run(work(Program(status=7)))
    assert (job.state, job.outcome) == (JobState.FAILED, "The command ended with status 7.")


@pytest.mark.parametrize(
    "error", [HostKeyChanged("Another key.", "ssh-ed25519 AAAA"), AgentMissing("No agent.")]
)
def test_a_host_that_may_not_be_reached_gets_no_request(work, gateway, fake_host, error):
    gateway.no_way = error
    job = run(work(Program()))
    assert (job.state, job.outcome) == (JobState.FAILED, error.message)
    assert steps(job) == [(StepState.SKIPPED, None)]
    assert fake_host.requests == []


def test_a_command_that_the_agent_refuses_fails_the_job_in_the_agents_words(work, fake_host):
    fake_host.refusals["start"] = Answer(77, b"", b"jailpanel-agent: /bin/step0 is not on the allow-list\n")
    job = run(work(Program(), Program()))
    assert job.state == JobState.FAILED
    assert "/bin/step0 is not on the allow-list" in job.outcome
    assert steps(job) == [(StepState.FAILED, None), (StepState.SKIPPED, None)]


def test_a_full_disk_on_the_host_fails_the_job(work, fake_host):
    fake_host.refusals["start"] = Answer(73, b"", b"jailpanel-agent: no space left on device\n")
    job = run(work(Program()))
    assert job.state == JobState.FAILED
    assert "no space left on device" in job.outcome


def test_the_end_is_recorded_by_the_panel(work):
    job = run(work(Program(status=3)))
    event = AuditEvent.objects.order_by("-sequence").first()
    assert (event.action, event.actor_name) == ("job.failed", "jailpanel")
    assert (event.job_id, event.host_id) == (job.pk, job.host_id)
    assert event.detail == {"outcome": "The command ended with status 3."}


def test_the_start_is_recorded_once_with_the_hash_of_what_runs(work):
    job = work(Program(hangs=True, then=steprun.stopping.set))
    advance_lane(job.host_id)
    steprun.stopping.clear()
    advance_lane(job.host_id)
    event = AuditEvent.objects.get(action="job.started")
    assert (event.job_id, event.detail) == (job.pk, {"plan_hash": job.stored_plan.hash})


@pytest.mark.parametrize(
    "change",
    [
        lambda job: job.steps.filter(position=1).update(argv=["/bin/other"]),
        lambda job: job.steps.filter(position=1).delete(),
        lambda job: Job.objects.update(plan={**job.plan, "title": "Another"}),
        lambda _job: Job.objects.update(plan_hash="0" * 64),
        lambda _job: Job.objects.update(approval_until=timezone.now() + timedelta(hours=1)),
        lambda job: Job.objects.update(
            approval_until=timezone.now() + timedelta(hours=1), approved_hash=job.plan_hash[:-1] + "x"
        ),
    ],
    ids=["a command", "a command less", "the plan", "the hash", "not approved", "another approved"],
)
def test_what_is_not_what_was_agreed_to_is_not_run(work, fake_host, change):
    job = work(Program(), Program())
    change(job)
    job = run(job)
    assert (job.state, job.outcome) == (JobState.FAILED, engine.CHANGED)
    assert fake_host.started() == []


def test_what_was_approved_runs(work, fake_host):
    job = work(Program())
    Job.objects.update(
        approval_until=timezone.now() + timedelta(hours=1), approved_hash=job.plan_hash, approver_name="bob"
    )
    assert run(job).state == JobState.SUCCEEDED
    assert AuditEvent.objects.get(action="job.started").detail["approved_by"] == "bob"


def test_a_job_whose_approval_has_run_out_is_not_begun(work, fake_host):
    job = work(Program())
    Job.objects.update(approval_until=timezone.now(), approved_hash=job.plan_hash)
    assert run(job).state == JobState.QUEUED
    assert fake_host.requests == []


@pytest.mark.parametrize("state", [JobState.AWAITING, JobState.HELD])
def test_what_waits_for_someone_does_not_hold_up_what_comes_after_it(work, host, state):
    waiting = work(Program())
    Job.objects.update(state=state)
    after = run(make_job(host, ("/bin/after",)))
    assert after.state == JobState.SUCCEEDED
    assert Job.objects.get(pk=waiting.pk).state == state


def test_an_empty_lane_has_nothing_to_run(host, gateway):
    assert advance_lane(host.pk) is False


def test_whoever_ran_a_job_to_its_end_says_that_the_next_may_follow(work):
    job = work(Program())
    assert advance_lane(job.host_id) is True
    assert advance_lane(job.host_id) is False


def test_jobs_run_in_the_order_in_which_they_were_asked_for(work, fake_host, host):
    jobs = [work(Program()), make_job(host, ("/bin/second",)), make_job(host, ("/bin/third",))]
    for job in jobs:
        run(job)
    assert [argv[0] for argv in fake_host.started()] == ["/bin/step0", "/bin/second", "/bin/third"]


def test_a_worker_that_takes_a_job_over_does_not_repeat_what_is_done(work, fake_host):
    job = work(Program((b"one",)), Program((b"two",)))
    run(job)
    Job.objects.update(state=JobState.RUNNING, lease_until=None, ended_at=None)
    job.steps.filter(position=1).update(state=StepState.RUNNING)
    fake_host.requests.clear()
    assert run(job).state == JobState.SUCCEEDED
    assert {words[1] for words in fake_host.requests} == {f"{job.pk.hex}-1"}
    assert len(fake_host.started()) == 2
    assert output_of(job, 1) == b"two"


def test_a_step_whose_failure_was_noted_by_a_dead_worker_fails_again_without_running_again(work, fake_host):
    job = work(Program((b"no\n",), status=5), Program())
    run(job)
    Job.objects.update(state=JobState.RUNNING, lease_until=None)
    job.steps.filter(position=1).update(state=StepState.PENDING)
    job = run(job)
    assert (job.state, steps(job)) == (JobState.FAILED, [(StepState.FAILED, 5), (StepState.SKIPPED, None)])
    assert len(fake_host.started()) == 1
    assert output_of(job) == b"no\n"


def test_a_worker_whose_job_was_taken_over_writes_nothing_more(work, gateway, monkeypatch):
    job = work(Program((b"one",)))

    def taken_over_meanwhile(_host_id) -> None:
        Job.objects.filter(pk=job.pk).update(fence=9)

    monkeypatch.setattr(gateway, "observe", taken_over_meanwhile)
    assert advance_lane(job.host_id) is False
    job.refresh_from_db()
    assert (job.state, job.outcome, job.fence) == (JobState.RUNNING, "", 9)
    assert list(AuditEvent.objects.values_list("action", flat=True)) == ["job.started"]


def test_a_worker_that_is_told_to_stop_lets_go_and_the_next_goes_on(work, fake_host):
    program = Program((b"first\n", b"second\n"), hangs=True, then=steprun.stopping.set)
    job = work(program)
    assert advance_lane(job.host_id) is False
    job.refresh_from_db()
    stored = output_of(job)
    assert job.state == JobState.RUNNING
    assert job.is_stalled
    assert b"first\nsecond\n".startswith(stored)

    steprun.stopping.clear()
    program.hangs, program.then = False, lambda: None
    assert run(job).state == JobState.SUCCEEDED
    assert fake_host.offsets() == [0, len(stored)]
    assert output_of(job) == b"first\nsecond\n"
    assert len(fake_host.started()) == 1


def test_letting_go_of_a_job_that_someone_else_has_by_now_is_no_error(work, monkeypatch):
    job = work(Program(hangs=True, then=steprun.stopping.set))
    let_go = Lease.let_go

    def too_late(lease: Lease) -> None:
        Job.objects.filter(pk=job.pk).update(fence=9)
        let_go(lease)

    monkeypatch.setattr(Lease, "let_go", too_late)
    assert advance_lane(job.host_id) is False


def test_a_check_that_breaks_ends_the_job_and_says_so(work, monkeypatch, caplog):
    def broken(_job: Job) -> list[str]:
        raise KeyError("jid")

    job = work(Program())
    monkeypatch.setitem(ports._kinds, KIND, ports.JobKind(KIND, "Work", broken))
    job = run(job)
    assert job.state == JobState.FAILED
    assert job.outcome.startswith("The commands ran, but the panel failed to check what is true now.")
    assert "KeyError" in caplog.text


def test_a_look_that_breaks_ends_the_job_and_says_so(work, gateway, monkeypatch, caplog):
    def broken(_host_id) -> None:
        raise KeyError("jid")

    monkeypatch.setattr(gateway, "observe", broken)
    job = run(work(Program()))
    assert job.state == JobState.FAILED
    assert job.outcome.endswith("The panel failed to store what it saw; its worker's log says what failed.")
    assert "KeyError" in caplog.text


def test_a_database_that_is_away_for_a_moment_ends_no_job(work, gateway, monkeypatch):
    def locked(_host_id) -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr(gateway, "observe", locked)
    job = work(Program())
    with pytest.raises(OperationalError):
        advance_lane(job.host_id)
    job.refresh_from_db()
    assert job.state == JobState.RUNNING


def test_a_job_that_breaks_one_worker_after_another_does_not_run_for_ever(work, monkeypatch, fake_host):
    def broken(_run) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(steprun.StepRun, "to_end", broken)
    monkeypatch.setattr(engine, "MOST_TAKEOVERS", 3)
    job = work(Program())
    for _ in range(3):
        with pytest.raises(RuntimeError):
            advance_lane(job.host_id)
        Job.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert run(job).state == JobState.FAILED
    assert Job.objects.get(pk=job.pk).outcome == engine.GIVEN_UP


def test_a_job_of_a_kind_that_is_gone_ends_and_says_so(work, monkeypatch):
    job = work(Program())
    monkeypatch.delitem(ports._kinds, KIND)
    job = run(job)
    assert job.state == JobState.FAILED
    assert job.outcome.startswith("The commands ran, but the panel failed to check what is true now.")


@pytest.mark.parametrize(
    ("output", "words"),
    [
        (b"", ""),
        (b"\n  \n", ""),
        (b"one\ntwo\n\n", "two"),
        (b"one\r\ntwo\r\n", "two"),
        (b"Error: first\nnoise\nError: second\nError: third\nlast\n", "Error: second\nError: third"),
        (b"\xff\xfe", "\ufffd\ufffd"),
        (b"x" * 5000, "x" * 1000),
        (b"Error: early\n" + b"noise\n" * 40000, "noise"),
    ],
)
def test_last_words_are_errors_or_the_last_line(work, output, words):
    job = run(work(Program((output,))))
    assert last_words(job.steps.get()) == words
