"""A guarded step: confirmed over a fresh connection once it waits for that, whoever follows it by then."""

from __future__ import annotations

import pytest

from apps.accounts.actor import PANEL
from apps.freebsd.commands.guarded import IN_FORCE, switch
from apps.freebsd.errors import Conflict, HostUnreachable, InvalidInput
from apps.jobs import confirming, ports, steprun
from apps.jobs.engine import advance_lane
from apps.jobs.models import Job, JobState
from apps.jobs.services import job_cancel
from apps.jobs.steprun import one_word
from tests.fakehost import Program
from tests.jobs.conftest import FakeGateway, make_job

SWITCH = switch(18, (17, 0), 60).argv
WAITS = f"{IN_FORCE} In 60 seconds the host takes them back.\n".encode()


class Guard(FakeGateway):
    """A gateway whose host keeps rules once it is told to; `answers` is what each attempt meets."""

    def __init__(self, host):
        super().__init__(host)
        self.answers: list[Exception | None] = []
        self.told: list[tuple[str, str, str]] = []
        self.is_confirmed = False
        self.is_over = False
        self.first = lambda: None

    async def _tell(self, words):
        self.told.append(words)
        answer = self.answers.pop(0) if self.answers else None
        if answer:
            self.is_over = isinstance(answer, Conflict)
            raise answer
        self.is_confirmed = True

    def confirm(self, _host_id, *words):
        self.first()
        self.first = lambda: None
        return self._tell(words)


@pytest.fixture
def guard(fake_host, problems, monkeypatch):
    made = Guard(fake_host)
    monkeypatch.setattr(ports, "_gateway", [made])
    monkeypatch.setattr(confirming, "RETRY_S", 0.01)
    return made


def guarded(guard, host, *, status: int = 0) -> Job:
    """Make a job whose one step waits until it is confirmed, or until that is too late."""
    ended = lambda number: number == 0 or guard.is_confirmed or guard.is_over  # noqa: E731
    guard.host.programs[SWITCH] = Program((WAITS, b"end\n"), status, ready=ended)
    return make_job(host, SWITCH, actor=PANEL)


def run(job: Job) -> Job:
    advance_lane(job.host_id)
    return Job.objects.get(pk=job.pk)


def test_a_step_that_waits_is_confirmed(guard, host):
    job = run(guarded(guard, host))
    assert job.state == JobState.SUCCEEDED
    assert guard.told == [(job.steps.get().run_id, one_word(PANEL.name), job.pk.hex[:12])]


def test_it_is_tried_again_while_no_line_can_be_opened(guard, host):
    guard.answers = [HostUnreachable("No way."), HostUnreachable("No way."), None]
    assert run(guarded(guard, host)).state == JobState.SUCCEEDED
    assert len(guard.told) == 3


def test_what_the_host_took_back_is_told_plainly(guard, host):
    guard.answers = [HostUnreachable("No way."), Conflict("Too late.")]
    job = run(guarded(guard, host, status=75))
    assert job.state == JobState.FAILED
    assert job.outcome.startswith("The host took the new firewall back by itself")
    assert len(guard.told) == 2


def test_whoever_takes_the_job_over_confirms(guard, host, fake_host):
    fake_host.drops = [len(WAITS)]
    job = run(guarded(guard, host))
    assert job.state == JobState.SUCCEEDED
    assert len(fake_host.offsets()) == 2


def test_a_step_that_is_being_ended_is_not_confirmed(guard, host, fake_host, monkeypatch):
    job = guarded(guard, host)
    fake_host.programs[SWITCH] = Program((WAITS,), hangs=True)
    monkeypatch.setattr(steprun, "CANCEL_POLL_S", 0)
    guard.answers = [HostUnreachable("No way.")]
    guard.first = lambda: job_cancel(actor=PANEL, job=job)
    assert run(job).state == JobState.CANCELLED
    assert not guard.is_confirmed


def test_other_steps_are_never_confirmed(guard, host):
    guard.host.programs["/bin/step0",] = Program((WAITS,))
    assert run(make_job(host)).state == JobState.SUCCEEDED
    assert guard.told == []


@pytest.mark.parametrize(
    ("new", "old", "seconds"),
    [(16, (17,), 60), (18, (18,), 60), (18, (), 60), (18, (31,), 60), (18, (0,), 0)],
)
def test_what_the_agent_would_refuse_is_not_built(new, old, seconds):
    with pytest.raises(InvalidInput):
        switch(new, old, seconds)
