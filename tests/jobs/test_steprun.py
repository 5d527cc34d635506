"""One step on its host: started at most once, its output whole and in order whatever the line does."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

import pytest
from django.test import TestCase
from django.utils import timezone

from apps.accounts.actor import PANEL
from apps.freebsd.channel import Answer
from apps.freebsd.errors import ConnectionLost, HostUnreachable
from apps.jobs import engine, steprun
from apps.jobs.engine import LOST, advance_lane
from apps.jobs.models import Job, JobState, OutputChunk, Step, StepState
from apps.jobs.output import MAX_CHUNK_BYTES
from apps.jobs.services import job_cancel
from tests.fakehost import FakeHost, Program
from tests.jobs.conftest import make_job, output_of

TEXT = "naïve, 字, 🦊, plain\n"
PIECES = tuple(f"{number:04} {TEXT}".encode() for number in range(50))
WHOLE = b"".join(PIECES)


class Clock:
    """Clocks of steps that stand still unless a test lets time pass."""

    began = timezone.now()
    passed_s = 0.0

    def monotonic(self) -> float:
        return self.passed_s

    def now(self) -> datetime:
        return self.began + timedelta(seconds=self.passed_s)

    def pass_s(self, seconds: float) -> None:
        self.passed_s += seconds


@pytest.fixture
def clock(monkeypatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(steprun, "monotonic", made.monotonic)
    monkeypatch.setattr(steprun, "timezone", made)
    return made


def run(job: Job) -> Job:
    advance_lane(job.host_id)
    return Job.objects.get(pk=job.pk)


def test_output_is_stored_whole_and_in_order(work):
    job = run(work(Program(PIECES)))
    assert output_of(job) == WHOLE


@pytest.mark.parametrize("seed", range(5))
def test_output_is_stored_once_and_in_order_however_often_the_line_drops(work, fake_host, seed):
    chance = random.Random(seed)  # noqa: S311  a test's dice
    fake_host.drops = [chance.randrange(400) for _ in range(8)]
    job = run(work(Program(PIECES)))
    assert job.state == JobState.SUCCEEDED
    assert output_of(job) == WHOLE
    assert len(fake_host.offsets()) == 9
    assert len(fake_host.started()) == 1


@pytest.mark.parametrize("cut", range(1, len("🦊".encode())))
def test_a_line_that_drops_inside_a_character_splits_none(work, fake_host, cut):
    fox = "fox 🦊!".encode()
    fake_host.drops = [len("fox ") + cut]
    job = run(work(Program((fox,))))
    assert output_of(job) == fox
    assert fake_host.offsets() == [0, len("fox ")]
    assert all(bytes(chunk.data).decode() for chunk in OutputChunk.objects.all())


def test_a_character_that_comes_in_two_pieces_is_stored_in_one(work, monkeypatch):
    stored = []
    store = steprun.store_output

    def note(lease, step, data) -> None:
        store(lease, step, data)
        stored.append(data)

    monkeypatch.setattr(steprun, "store_output", note)
    fox = "fox 🦊!".encode()
    run(work(Program((fox[:6], fox[6:]), ready=lambda number: number == 0 or bool(stored))))
    assert stored == [b"fox ", "🦊!".encode()]


def test_no_chunk_ends_inside_a_character(work):
    output = ("x" + "🦊" * MAX_CHUNK_BYTES).encode()
    job = run(work(Program((output,))))
    assert output_of(job) == output
    for chunk in OutputChunk.objects.all():
        assert bytes(chunk.data).decode()
        assert len(chunk.data) <= MAX_CHUNK_BYTES


def test_bytes_that_are_no_text_are_kept_as_they_are(work):
    noise = bytes(range(256)) * 300 + b"\x80" * 10 + b"\xf0\x9f"
    job = run(work(Program((noise,))))
    assert output_of(job) == noise


def test_many_small_pieces_become_few_chunks(work, settings):
    settings.JOB_OUTPUT_FLUSH_S = 0.2
    job = run(work(Program(tuple(b"%d\n" % number for number in range(2000)))))
    assert output_of(job).count(b"\n") == 2000
    assert OutputChunk.objects.count() < 20


def test_output_can_be_read_while_the_command_still_runs(work, fake_host, monkeypatch):
    seen = []
    job = work(Program((b"so far\n",), hangs=True))
    store = steprun.store_output

    def note_and_end(lease, step, data) -> None:
        store(lease, step, data)
        seen.append((output_of(job), Job.objects.get().state))
        fake_host.runs[step.run_id].cancelled = True

    monkeypatch.setattr(steprun, "store_output", note_and_end)
    run(job)
    assert seen == [(b"so far\n", JobState.RUNNING)]


def test_a_host_that_is_away_for_a_moment_costs_nothing_but_time(work, fake_host):
    fake_host.away = 3
    job = run(work(Program((b"one",))))
    assert job.state == JobState.SUCCEEDED
    assert output_of(job) == b"one"


def test_a_host_that_does_not_answer_at_first_is_not_waited_for_long(work, fake_host, clock):
    fake_host.away = 10**6
    fake_host.tick = lambda: clock.pass_s(10)
    job = run(work(Program(), Program()))
    assert (job.state, job.outcome) == (JobState.FAILED, "The host does not answer.")
    assert list(job.steps.values_list("state", flat=True)) == [StepState.FAILED, StepState.SKIPPED]
    assert fake_host.started() == []
    assert clock.passed_s < 2 * steprun.FIRST_PATIENCE_S + 20


@pytest.fixture
def went_away(work, fake_host, clock) -> Job:
    """A job of two steps whose host went away in the middle of the first one, for long."""

    def go_away() -> None:
        fake_host.away = 10**6
        fake_host.tick = lambda: clock.pass_s(4)
        raise ConnectionLost("The line was lost.")

    program = Program((b"half",), then=go_away)
    job = work(program, Program((b"next",)), timeout_s=3600)
    assert advance_lane(job.host_id) is False
    program.then = lambda: None
    job.refresh_from_db()
    return job


def returned(job: Job, fake_host: FakeHost) -> Job:
    """Its host is back, and a worker looks again."""
    fake_host.away = 0
    return looked_for(job)


def looked_for(job: Job) -> Job:
    """The time of the next look has come."""
    Job.objects.filter(pk=job.pk).update(lease_until=timezone.now())
    return run(job)


def test_a_host_that_goes_away_in_mid_step_does_not_keep_its_worker(went_away, clock, sent):
    assert (went_away.state, went_away.is_stalled) == (JobState.RUNNING, False)
    assert went_away.away_since is not None
    assert timezone.now() < went_away.lease_until < timezone.now() + timedelta(seconds=10)
    assert steprun.PATIENCE_S < clock.passed_s < steprun.PATIENCE_S + 10
    assert run(went_away).fence == went_away.fence
    assert output_of(went_away) == b"half"


def test_a_host_that_comes_back_is_followed_from_the_byte_it_had_come_to(went_away, fake_host):
    job = returned(went_away, fake_host)
    assert (job.state, job.away_since, job.takeovers) == (JobState.SUCCEEDED, None, 0)
    assert (output_of(job), output_of(job, 1)) == (b"half", b"next")
    assert len(fake_host.started()) == 2
    assert set(fake_host.offsets()) == {0, len("half")}
    assert fake_host.offsets()[-2:] == [len("half"), 0]


def test_a_host_that_is_still_away_is_looked_for_again_later(went_away, fake_host):
    Job.objects.filter(pk=went_away.pk).update(away_since=timezone.now() - timedelta(minutes=1))
    asked = len(fake_host.requests)
    job = looked_for(went_away)
    assert job.state == JobState.RUNNING
    assert len(fake_host.requests) == asked + 1
    wait_s = (job.lease_until - timezone.now()).total_seconds()
    assert 25 < wait_s <= 60
    assert returned(job, fake_host).state == JobState.SUCCEEDED


def test_the_page_says_that_the_host_is_back_although_the_command_says_nothing(went_away, fake_host):
    seen = []
    fake_host.programs[("/bin/step0", "argument")].then = lambda: seen.append(True)
    fake_host.programs[("/bin/step0", "argument")].hangs = True
    fake_host.tick = steprun.stopping.set
    job = returned(went_away, fake_host)
    assert (job.state, job.away_since) == (JobState.RUNNING, None)


def test_a_host_that_stays_away_for_a_day_is_given_up(went_away, fake_host, clock):
    Job.objects.filter(pk=went_away.pk).update(away_since=clock.now() - timedelta(hours=25))
    job = looked_for(went_away)
    assert (job.state, job.outcome, job.away_since) == (JobState.LOST, steprun.GONE, None)
    assert list(job.steps.values_list("state", "may_still_run")) == [
        (StepState.LOST, True),
        (StepState.SKIPPED, False),
    ]


def test_what_was_given_up_is_ended_before_anything_else_is_started_there(went_away, fake_host, clock):
    Job.objects.filter(pk=went_away.pk).update(away_since=clock.now() - timedelta(hours=25))
    given_up = looked_for(went_away)
    fake_host.away = 0
    fake_host.requests.clear()
    other = run(make_job(went_away.host, ("/bin/other",)))
    assert other.state == JobState.SUCCEEDED
    words = [words[:2] for words in fake_host.requests]
    assert words[0] == ("cancel", given_up.steps.first().run_id)
    assert words[1][0] == "start"
    assert not Step.objects.filter(may_still_run=True).exists()


def test_a_run_that_was_given_up_and_that_the_host_forgot_is_no_trouble(went_away, fake_host, clock):
    Job.objects.filter(pk=went_away.pk).update(away_since=clock.now() - timedelta(hours=25))
    looked_for(went_away)
    fake_host.away = 0
    fake_host.runs.clear()
    assert run(make_job(went_away.host, ("/bin/other",))).state == JobState.SUCCEEDED


def test_a_job_that_waits_for_its_host_is_cancelled_at_once(went_away, fake_host, sent, monkeypatch):
    monkeypatch.setattr(steprun, "CANCEL_POLL_S", 0.0)
    with TestCase.captureOnCommitCallbacks(execute=True):
        job_cancel(actor=PANEL, job=went_away)
    assert ("apps.jobs.tasks.advance_lane", str(went_away.host_id)) in sent.tasks
    job = run(went_away)
    assert (job.state, job.outcome) == (JobState.CANCELLED, steprun.AWAY)
    assert job.steps.first().may_still_run


def test_a_host_that_goes_away_after_the_last_command_is_waited_for_with_the_look(work, gateway, monkeypatch):
    monkeypatch.setattr(engine, "LOOK_PATIENCE_S", 0.02)
    gateway.trouble = HostUnreachable("The host does not answer.")
    job = run(work(Program()))
    assert (job.state, job.is_stalled) == (JobState.RUNNING, False)
    assert job.away_since is not None
    gateway.trouble = None
    job = looked_for(job)
    assert (job.state, job.away_since) == (JobState.SUCCEEDED, None)


def test_a_quiet_command_may_lose_its_line_more_often_than_patience_lasts(work, fake_host, clock):
    def quiet_for_ten_minutes() -> None:
        clock.pass_s(600)
        if len(fake_host.offsets()) < 4:
            raise ConnectionLost("The line was lost.")

    job = run(work(Program(then=quiet_for_ten_minutes), timeout_s=3600))
    assert job.state == JobState.SUCCEEDED
    assert len(fake_host.started()) == 1


def test_a_host_that_sends_something_now_and_then_is_waited_for(work, fake_host, clock):
    fake_host.drops = [1] * 5
    fake_host.dropped = HostUnreachable("The host has not answered for 60 seconds.")
    fake_host.tick = lambda: clock.pass_s(60)
    job = run(work(Program((b"123456789",)), timeout_s=3600))
    assert job.state == JobState.SUCCEEDED
    assert output_of(job) == b"123456789"


def test_a_host_that_sends_nothing_any_more_is_waited_for_without_a_worker(work, fake_host, clock):
    fake_host.drops = [1, 0, 0, 0, 0]
    fake_host.dropped = HostUnreachable("The host has not answered for 60 seconds.")
    fake_host.tick = lambda: clock.pass_s(60)
    job = run(work(Program((b"123456789",)), timeout_s=3600))
    assert (job.state, job.away_since is not None) == (JobState.RUNNING, True)


def test_a_command_that_takes_too_long_is_ended_on_the_host(work, fake_host, clock):
    program = Program((b"still at it\n",), hangs=True, then=lambda: clock.pass_s(400))
    job = run(work(program, Program(), timeout_s=300))
    assert (job.state, job.outcome) == (JobState.FAILED, "It ran for more than 5 minutes and was ended.")
    assert [seen.cancelled for seen in fake_host.runs.values()] == [True]
    assert output_of(job) == b"still at it\n"
    assert list(job.steps.values_list("state", flat=True)) == [StepState.FAILED, StepState.SKIPPED]


def test_a_command_that_takes_too_long_is_ended_even_when_its_line_drops_all_the_time(work, fake_host, clock):
    def drop() -> None:
        clock.pass_s(40)
        if not any(run.cancelled for run in fake_host.runs.values()):
            raise ConnectionLost("The line was lost.")

    job = run(work(Program(hangs=True, then=drop), timeout_s=90))
    assert (job.state, job.outcome) == (JobState.FAILED, "It ran for more than 90 seconds and was ended.")


def test_a_command_that_ended_well_while_nobody_looked_is_not_called_late(went_away, fake_host, clock):
    clock.pass_s(2 * 3600)
    job = returned(went_away, fake_host)
    assert job.state == JobState.SUCCEEDED
    assert not any(run.cancelled for run in fake_host.runs.values())


def test_a_command_that_cannot_be_killed_does_not_keep_the_job_for_ever(work, fake_host, clock, monkeypatch):
    monkeypatch.setattr(
        fake_host, "_cancel", lambda words, _stdin: Answer(0, f"cancelled {words[1]}\n".encode(), b"")
    )
    fake_host.tick = lambda: clock.pass_s(100)
    asked = steprun.StepRun._end_run

    def end_and_let_time_pass(step_run, why) -> None:
        asked(step_run, why)
        clock.pass_s(steprun.END_PATIENCE_S + 1)

    monkeypatch.setattr(steprun.StepRun, "_end_run", end_and_let_time_pass)
    job = run(work(Program(hangs=True), timeout_s=90))
    assert (job.state, job.outcome) == (JobState.LOST, steprun.UNENDING)
    assert job.steps.get().may_still_run


def test_a_run_that_the_host_has_forgotten_is_lost_and_not_started_again(work, fake_host):
    def forget() -> None:
        fake_host.runs.clear()
        raise ConnectionLost("The line was lost.")

    job = run(work(Program(then=forget)))
    assert (job.state, job.outcome) == (JobState.LOST, LOST)
    assert fake_host.started() == []
    assert [words[0] for words in fake_host.requests].count("start") == 1


def test_a_run_that_the_host_forgot_between_two_workers_is_lost_too(work, fake_host):
    program = Program(hangs=True, then=steprun.stopping.set)
    job = work(program)
    advance_lane(job.host_id)
    fake_host.runs.clear()
    steprun.stopping.clear()
    assert run(job).state == JobState.LOST
    assert [words[0] for words in fake_host.requests].count("start") == 1


def test_a_start_whose_answer_was_lost_is_asked_again_and_runs_once(work, fake_host, monkeypatch):
    start = fake_host._start

    def answer_lost(words, stdin):
        start(words, stdin)
        monkeypatch.setattr(fake_host, "_start", start)
        raise ConnectionLost("The line was lost.")

    monkeypatch.setattr(fake_host, "_start", answer_lost)
    job = run(work(Program((b"once\n",))))
    assert job.state == JobState.SUCCEEDED
    assert output_of(job) == b"once\n"
    assert len(fake_host.started()) == 1


def test_a_worker_that_is_told_to_stop_does_not_wait_for_a_host_that_is_away(work, fake_host):
    fake_host.away = 10**6
    fake_host.tick = steprun.stopping.set
    job = work(Program())
    assert advance_lane(job.host_id) is False
    job.refresh_from_db()
    assert job.state == JobState.RUNNING
    assert job.is_stalled
