"""A step that brings a large file: taken up where the host has it, checked, never held as a whole."""

from __future__ import annotations

import hashlib

import pytest
from django.utils import timezone

from apps.accounts.actor import PANEL
from apps.freebsd.channel import Answer
from apps.freebsd.channel.agent import Agent
from apps.freebsd.commands import Command, Transfer
from apps.freebsd.errors import ConnectionLost, HostUnreachable
from apps.hosts.models import Host
from apps.jobs import ports, steprun, store, transferrun
from apps.jobs.engine import advance_lane
from apps.jobs.models import Job, JobState, Step, StepState
from apps.jobs.plan import Plan
from apps.jobs.services import job_create
from tests.fakehost import FakeHost
from tests.jobs.conftest import KIND, output_of

SOURCE = "/usr/jails/ezjail_archives/web.tar.gz"
TARGET = "/usr/jails/ezjail_archives/web-moved.tar.gz"
CONTENT = bytes(range(256)) * 4  # four pieces
PIECE = 256
SUM = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch, settings, tmp_path):
    monkeypatch.setattr(transferrun, "PIECE_BYTES", PIECE)
    monkeypatch.setattr(transferrun, "LEAST_PIECE_BYTES", PIECE)
    settings.STATE_DIR = tmp_path


@pytest.fixture
def source_host():
    fake = FakeHost()
    fake.large[SOURCE] = CONTENT
    return fake


@pytest.fixture
def source(db):
    return Host.objects.create(name="old", address="192.0.2.9")


@pytest.fixture
def _both(host, source, source_host, gateway, monkeypatch):
    """The engine's way to both hosts."""
    fake_host = gateway.host
    ways = {host.pk: fake_host, source.pk: source_host}
    monkeypatch.setattr(gateway, "agent", lambda host_id: Agent(ways[host_id]))


@pytest.fixture
def transfer(host, source, problems, _both):
    """Make a job that brings the file, and then runs a command."""

    def make(origin: str = "", name: str = SOURCE, checksum: str = "") -> Job:
        steps = (
            Transfer(origin or str(source.pk), name, TARGET, "Bring it.", checksum, timeout_s=3600),
            Command(("/bin/after",), "Go on."),
        )
        plan = Plan(KIND, "Bring a file", steps)
        return job_create(actor=PANEL, host_id=host.pk, plan=plan, subject="web", intent={})

    return make


def run(job: Job) -> Job:
    advance_lane(job.host_id)
    return Job.objects.get(pk=job.pk)


def sent(fake: FakeHost, verb: str) -> list[int]:
    """The offsets of the pieces that were asked for or sent."""
    return [int(words[2]) for words in fake.requests if words[0] == verb and words[3] != "0"]


def asked(fake: FakeHost, verb: str) -> int:
    return [words[0] for words in fake.requests].count(verb)


def begun(job: Job) -> Job:
    Step.objects.filter(job=job, position=0).update(started_at=timezone.now(), state=StepState.RUNNING)
    return job


def test_the_file_comes_in_pieces_and_the_job_goes_on(transfer, fake_host, source_host):
    job = run(transfer())
    assert (job.state, job.outcome, fake_host.large) == (JobState.SUCCEEDED, "", {TARGET: CONTENT})
    assert fake_host.started() == [("/bin/after",)]
    assert sent(fake_host, "push") == sent(source_host, "pull") == [0, 256, 512, 768]
    assert job.steps.get(position=0).percent == 100
    said = output_of(job).decode()
    assert said.startswith(f"{TARGET}: 0.0 MB from the beginning\n")
    assert said.endswith(f"{TARGET}: 1024 bytes, SHA-256 {SUM}\n")
    # who saw all of it need not have it read once more
    assert asked(source_host, "sum") == 0


def test_an_empty_file_comes_too(transfer, fake_host, source_host):
    source_host.large[SOURCE] = b""
    fake_host.parts[TARGET] = b""
    assert run(transfer()).state == JobState.SUCCEEDED
    assert fake_host.large == {TARGET: b""}


def test_a_file_of_the_panels_own_store(transfer, fake_host):
    with store.store_write("set.txz") as file:
        file.write(CONTENT)
    job = run(transfer("panel", "set.txz", SUM))
    assert (job.state, job.outcome, fake_host.large) == (JobState.SUCCEEDED, "", {TARGET: CONTENT})


@pytest.mark.parametrize(
    ("origin", "said"),
    [("panel", "does not have the file"), ("8f8c3b9e-0000-4000-8000-000000000000", "any more")],
)
def test_a_source_that_is_gone_fails_the_job(transfer, monkeypatch, origin, said):
    gateway = ports.gateway()
    known = gateway.agent

    def agent(host_id):
        try:
            return known(host_id)
        except KeyError:
            raise Host.DoesNotExist from None

    monkeypatch.setattr(gateway, "agent", agent)
    job = run(transfer(origin, "set.txz"))
    assert (job.state, said in job.outcome) == (JobState.FAILED, True)


@pytest.mark.parametrize("cut", range(5))
def test_a_line_to_the_host_that_drops_costs_one_piece(transfer, fake_host, source_host, cut):
    fake_host.cuts = [cut]
    job = run(transfer())
    assert (job.state, fake_host.large) == (JobState.SUCCEEDED, {TARGET: CONTENT})
    assert len(sent(fake_host, "push")) <= 5
    assert asked(source_host, "sum") == 0


@pytest.mark.parametrize("cut", range(5))
def test_a_line_from_the_source_that_drops_costs_one_piece(transfer, fake_host, source_host, cut):
    source_host.cuts = [cut]
    job = run(transfer())
    assert (job.state, fake_host.large) == (JobState.SUCCEEDED, {TARGET: CONTENT})
    assert len(sent(source_host, "pull")) <= 6


def test_a_piece_whose_answer_was_lost_is_not_sent_twice(transfer, fake_host, source_host, monkeypatch):
    push = fake_host._push
    lost = []

    def answer(words, stdin):
        said = push(words, stdin)
        if words[2] == "256" and not lost:
            lost.append(words)
            raise ConnectionLost("The line was lost.")
        return said

    monkeypatch.setattr(fake_host, "_push", answer, raising=False)
    assert run(transfer()).state == JobState.SUCCEEDED
    assert sent(fake_host, "push") == [0, 256, 512, 768]
    assert asked(source_host, "sum") == 0
    assert fake_host.large == {TARGET: CONTENT}


def test_who_takes_over_goes_on_where_the_host_has_it(transfer, fake_host, source_host):
    fake_host.parts[TARGET] = CONTENT[:600]
    job = run(begun(transfer()))
    assert (job.state, fake_host.large) == (JobState.SUCCEEDED, {TARGET: CONTENT})
    assert sent(fake_host, "push") == [600, 856]
    assert asked(source_host, "sum") == 1
    assert b"goes on at" in output_of(job)


def test_who_takes_over_after_the_last_step_finds_it_done(transfer, fake_host):
    fake_host.large[TARGET] = CONTENT
    assert run(begun(transfer())).state == JobState.SUCCEEDED
    assert sent(fake_host, "push") == []


def test_what_is_there_of_another_transfer_is_thrown_away_first(transfer, fake_host):
    fake_host.parts[TARGET] = b"of something else"
    assert run(transfer()).state == JobState.SUCCEEDED
    assert fake_host.large == {TARGET: CONTENT}


def test_another_file_of_that_name_stays(transfer, fake_host):
    fake_host.large[TARGET] = b"somebody's"
    job = run(transfer())
    assert (job.state, fake_host.large[TARGET]) == (JobState.FAILED, b"somebody's")
    assert "is not written over" in job.outcome


def test_what_came_is_compared_with_the_plan(transfer, fake_host):
    job = run(transfer(checksum="0" * 64))
    assert (job.state, fake_host.large, fake_host.parts) == (JobState.FAILED, {}, {})
    assert fake_host.started() == []


def test_a_source_that_changes_on_the_way_fails_the_job(transfer, fake_host, source_host):
    def grow():
        if asked(source_host, "pull") > 3:
            source_host.large[SOURCE] = CONTENT + b"more"

    source_host.tick = grow
    job = run(transfer())
    assert (job.state, job.outcome.split(",")[0]) == (
        JobState.FAILED, "The file changed on its host while it was being copied"
    )  # fmt: skip
    assert (fake_host.large, fake_host.parts) == ({}, {})


def test_a_full_disk_fails_the_job_and_leaves_nothing(transfer, fake_host, source_host):
    def fill():
        if fake_host.parts:
            fake_host.refusals["push"] = Answer(74, b"", b"jailpanel-agent: the disk may be full\n")

    fake_host.tick = fill
    job = run(transfer())
    assert (job.state, "the disk may be full" in job.outcome) == (JobState.FAILED, True)
    assert (fake_host.parts, source_host.large) == ({}, {SOURCE: CONTENT})


@pytest.mark.parametrize("which", ["target", "source"])
def test_a_host_that_is_away_from_the_beginning_fails_the_job(
    transfer, fake_host, source_host, monkeypatch, which
):
    monkeypatch.setattr(steprun, "FIRST_PATIENCE_S", 0)
    {"target": fake_host, "source": source_host}[which].away = 1000
    job = run(transfer())
    assert (job.state, job.outcome) == (JobState.FAILED, "The host does not answer.")


@pytest.mark.parametrize("which", ["target", "source"])
def test_a_host_that_goes_away_in_the_middle_is_waited_for(
    transfer, fake_host, source_host, monkeypatch, which
):
    monkeypatch.setattr(steprun, "PATIENCE_S", 0)
    fake_host.parts[TARGET] = CONTENT[:600]
    away = {"target": fake_host, "source": source_host}[which]
    away.away = 5
    job = begun(transfer())
    assert (run(job).state, fake_host.parts[TARGET]) == (JobState.RUNNING, CONTENT[:600])
    assert b"waits for its hosts" in output_of(job)
    away.away = 0
    Job.objects.filter(pk=job.pk).update(lease_until=timezone.now())
    done = run(job)
    assert (done.state, done.away_since, fake_host.large) == (JobState.SUCCEEDED, None, {TARGET: CONTENT})


def test_a_cancel_ends_it_and_leaves_nothing(transfer, fake_host, monkeypatch):
    monkeypatch.setattr(steprun, "CANCEL_POLL_S", 0)
    job = transfer()

    def cancel():
        if fake_host.parts:
            Job.objects.filter(pk=job.pk).update(cancel_requested_at=timezone.now())

    monkeypatch.setattr(transferrun.TransferRun, "_note_piece", lambda *_: cancel())
    ended = run(job)
    assert (ended.state, fake_host.parts, fake_host.large) == (JobState.CANCELLED, {}, {})


def test_one_that_takes_too_long_is_ended(transfer, fake_host):
    fake_host.parts[TARGET] = CONTENT[:600]
    job = begun(transfer())
    Step.objects.filter(job=job, position=0).update(timeout_s=0)
    ended = run(job)
    assert (ended.state, fake_host.parts) == (JobState.FAILED, {})
    assert "took longer" in ended.outcome


def test_a_worker_that_lost_the_job_throws_nothing_away(transfer, fake_host, monkeypatch):
    job = transfer()

    def take_over():
        if fake_host.parts:
            fake_host.refusals["push"] = Answer(74, b"", b"jailpanel-agent: no\n")

    fake_host.tick = take_over
    check = transferrun.TransferRun._check_end

    def lose(self):
        if fake_host.parts:
            Job.objects.filter(pk=job.pk).update(fence=99)
        check(self)

    monkeypatch.setattr(transferrun.TransferRun, "_check_end", lose)
    advance_lane(job.host_id)
    assert len(fake_host.parts[TARGET]) == PIECE


def test_no_more_than_two_pieces_are_held(transfer, fake_host, source_host, monkeypatch):
    """The piece that goes over and the next: the longest thing that passes is one piece."""
    held = []
    read = transferrun.TransferRun._read

    def noted(self, source, offset, size):
        piece = read(self, source, offset, size)
        held.append(len(piece))
        return piece

    monkeypatch.setattr(transferrun.TransferRun, "_read", noted)
    source_host.large[SOURCE] = CONTENT * 20
    run(transfer())
    assert max(held) == PIECE
    ahead = [
        pulled - pushed
        for pulled, pushed in zip(sent(source_host, "pull")[1:], sent(fake_host, "push"), strict=False)
    ]
    assert set(ahead) == {PIECE}


def test_a_slow_line_gets_smaller_pieces(transfer, fake_host, monkeypatch):
    monkeypatch.setattr(transferrun, "LEAST_PIECE_BYTES", 64)
    slow = fake_host._push

    def answer(words, stdin):
        if int(words[3]) > 100:
            raise HostUnreachable("The host has not answered for 30 seconds.")
        return slow(words, stdin)

    monkeypatch.setattr(fake_host, "_push", answer, raising=False)
    monkeypatch.setattr(steprun, "PATIENCE_S", 100)
    assert run(transfer()).state == JobState.SUCCEEDED
    assert fake_host.large == {TARGET: CONTENT}
