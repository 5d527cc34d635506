"""`manage.py jobs follow`: all bytes in order, then the outcome; whatever happens in between."""

from __future__ import annotations

import io

import pytest
from django.db import OperationalError
from django.utils import timezone

from apps.jobs.command_line import follow
from apps.jobs.models import Job, JobState, OutputChunk, Step, StepState
from tests.jobs.command_line.conftest import change
from tests.jobs.conftest import make_job


class Bytes(io.StringIO):
    """Standard output as a process has it: text above, bytes below."""

    def __init__(self) -> None:
        super().__init__()
        self.buffer = io.BytesIO()


@pytest.fixture
def meanwhile(monkeypatch):
    """What happens while it waits, one thing each time; without any more, the test fails."""
    events: list = []

    def wait(_seconds: float) -> None:
        assert events, "it waits for nothing"
        events.pop(0)()

    monkeypatch.setattr(follow.time, "sleep", wait)
    return events


def printed(job: Job, position: int, data: bytes, *, at: int | None = None, **values) -> None:
    """Have a step print something."""
    step = job.steps.get(position=position)
    offset = step.output_bytes if at is None else at
    if data:
        OutputChunk.objects.create(step=step, offset=offset, data=data)
    begun = {"started_at": step.started_at or timezone.now(), "state": StepState.RUNNING}
    Step.objects.filter(pk=step.pk).update(**({"output_bytes": offset + len(data)} | begun | values))


def ended(job: Job, state: str = JobState.SUCCEEDED, outcome: str = "") -> None:
    change(job, state=state, outcome=outcome, ended_at=timezone.now())


DONE = {"state": StepState.SUCCEEDED}


def test_follow_prints_all_in_order_and_ends_with_the_job(running, run, meanwhile):
    printed(running, 0, b"one\n")
    meanwhile += [
        lambda: printed(running, 0, b"two\n", **DONE),
        lambda: printed(running, 1, b"three"),
        lambda: None,
        lambda: (printed(running, 1, b" four\n", **DONE), ended(running)),
    ]
    status, out, err = run("follow", str(running.pk))
    assert (status, out) == (0, "one\ntwo\nthree four\n")
    *commands, end = err.splitlines()
    assert commands == ["# /bin/one 'two words'", "# /bin/two"]
    assert end.startswith("Work on it on alpha: succeeded after ")
    assert meanwhile == []


@pytest.mark.parametrize("state", [JobState.FAILED, JobState.LOST, JobState.CANCELLED])
def test_follow_tells_by_its_status_that_a_job_did_not_succeed(running, run, state):
    printed(running, 0, b"Error: no space\n", state=StepState.FAILED)
    ended(running, state, "The command ended with status 1.")
    status, out, err = run("follow", str(running.pk))
    assert (status, out) == (1, "Error: no space\n")
    assert f"{state} after" in err
    assert err.endswith("The command ended with status 1.\n")


def test_follow_from_the_end_leaves_out_what_was_printed(running, run, meanwhile):
    printed(running, 0, b"old\n", **DONE)
    printed(running, 1, b"old, too\n")
    meanwhile += [lambda: (printed(running, 1, b"new\n", **DONE), ended(running))]
    _, out, err = run("follow", str(running.pk), "--from-end")
    assert out == "new\n"
    assert "#" not in err


def test_follow_from_the_end_of_what_has_not_begun_prints_all(job, run, meanwhile):
    meanwhile += [lambda: (printed(job, 0, b"one\n", **DONE), printed(job, 1, b"", **DONE), ended(job))]
    assert run("follow", str(job.pk), "--from-end")[1] == "one\n"


def test_follow_says_why_nothing_happens(host, run, meanwhile):
    first, job = make_job(host), make_job(host)
    away = {"state": JobState.RUNNING, "away_since": timezone.now()}
    meanwhile += [
        lambda: change(job, state=JobState.HELD),
        lambda: change(job, state=JobState.QUEUED),
        lambda: None,
        lambda: ended(first),
        lambda: change(job, **away),
        lambda: change(job, away_since=None, cancel_requested_at=timezone.now(), cancel_requested_by="grace"),
        lambda: ended(job, JobState.CANCELLED),
    ]
    change(job, state=JobState.AWAITING)
    status, out, err = run("follow", str(job.pk))
    assert (status, out) == (1, "")
    assert err.splitlines() == [
        "It waits for somebody else to approve it.",
        "It waits for its turn in its batch.",
        "It waits for 1 other on alpha.",
        "It waits for a worker.",
        "alpha does not answer; the job waits for it.",
        "grace asked for its end.",
        "Work on it on alpha: cancelled.",
    ]


def test_follow_writes_bytes_as_they_are(running, run):
    data = bytes(range(256)) + "ü🦊".encode()[:-1]
    printed(running, 0, data, **DONE)
    ended(running)
    out = Bytes()
    run("follow", str(running.pk), out=out)
    assert out.buffer.getvalue() == data
    assert out.getvalue() == ""


def test_follow_says_what_is_left_out(running, run):
    printed(running, 0, b"begin\n")
    printed(running, 0, b"end\n", at=2_000_000, **DONE)
    printed(running, 1, b"only the begin\n", output_bytes=5_000, **DONE)
    ended(running)
    _, out, err = run("follow", str(running.pk))
    assert out == "begin\nend\nonly the begin\n"
    assert [line for line in err.splitlines() if "left out" in line] == [
        "[1.9 MiB left out here: the panel does not keep so much]",
        "[4.9 KiB left out here: the panel does not keep so much]",
    ]


def test_follow_holds_a_few_chunks_at_a_time(running, run, monkeypatch):
    step = running.steps.get(position=0)
    count = 5 * follow.CHUNKS
    OutputChunk.objects.bulk_create(
        OutputChunk(step=step, offset=at * 4, data=b"abc\n") for at in range(count)
    )
    printed(running, 0, b"", output_bytes=4 * count, at=4 * count, **DONE)
    ended(running)
    pieces = []
    read = follow.Reader._next_chunks
    monkeypatch.setattr(
        follow.Reader, "_next_chunks", lambda *given: pieces.append(read(*given)) or pieces[-1]
    )
    assert run("follow", str(running.pk))[1] == "abc\n" * count
    assert max(map(len, pieces)) == follow.CHUNKS


def test_follow_waits_for_a_database_that_is_away(running, run, meanwhile, monkeypatch):
    failures = [OperationalError("gone"), OperationalError("gone"), None]
    read = follow.Reader.read

    def may_fail(reader):
        if error := failures.pop(0) if failures else None:
            raise error
        return read(reader)

    monkeypatch.setattr(follow.Reader, "read", may_fail)
    monkeypatch.setattr(follow.connection, "close", lambda: None)
    printed(running, 0, b"one\n")
    meanwhile += [lambda: None, lambda: None, lambda: (printed(running, 0, b"two\n", **DONE), ended(running))]
    status, out, err = run("follow", str(running.pk))
    assert (status, out) == (0, "one\ntwo\n")
    assert err.count("The database does not answer; the job goes on.") == 1
    assert err.count("The database is back.") == 1


def test_ctrl_c_leaves_the_job_alone_and_says_so(running, run, meanwhile):
    def interrupt():
        raise KeyboardInterrupt

    meanwhile += [interrupt]
    status, _, err = run("follow", running.pk.hex[:8])
    assert status == 130
    assert f"The job goes on. To see more of it: manage.py jobs follow {running.pk.hex[:8]}" in err
    assert Job.objects.get().cancel_requested_at is None


def test_a_job_that_is_gone_meanwhile_ends_it(running, run, meanwhile):
    meanwhile += [lambda: Job.objects.all().delete()]
    status, _, err = run("follow", str(running.pk))
    assert status == 1
    assert "The job is gone" in err
