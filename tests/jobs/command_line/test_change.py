"""`manage.py jobs cancel` and `retry`: what they do, and who the record says did it."""

from __future__ import annotations

import io

import pytest
from django.core.management import CommandError
from django.utils import timezone

from apps.accounts.permissions import Perm
from apps.audit.models import AuditEvent
from apps.freebsd.errors import Conflict
from apps.jobs import ports
from apps.jobs.models import Job, JobState
from apps.jobs.services import Because, job_create
from tests.jobs.command_line.conftest import ROOT, change
from tests.jobs.conftest import KIND, make_plan


def test_cancel_ends_a_waiting_job_and_the_record_says_who(job, run, sent):
    status, out, _ = run("cancel", str(job.pk))
    assert (status, out) == (0, f"{job.pk.hex[:8]} is cancelled: nothing of it was run.\n")
    job.refresh_from_db()
    assert (job.state, job.cancel_requested_by) == (JobState.CANCELLED, ROOT)
    event = AuditEvent.objects.get(action="job.cancel_requested")
    assert (event.actor_name, event.actor_id, event.job_id) == (ROOT, None, job.pk)


def test_cancel_of_a_running_job_says_how_to_see_its_end(running, run, sent):
    out = run("cancel", str(running.pk))[1]
    assert "is being ended on the host" in out
    assert f"jobs follow {running.pk.hex[:8]}" in out


def test_cancel_twice_is_refused_in_a_line(job, run, sent):
    run("cancel", str(job.pk))
    with pytest.raises(CommandError, match=r"^It has ended already, or is being cancelled.$"):
        run("cancel", str(job.pk))


# -- retry -----------------------------------------------------------------------------------------------


@pytest.fixture
def fresh(monkeypatch) -> list[tuple[str, ...]]:
    """The commands of the fresh plan."""
    argvs = [("/bin/one", "two words"), ("/bin/three",)]

    def replan(_job):
        if not argvs:
            raise Conflict("There is nothing left to do.")
        return make_plan(*argvs)

    def ask(job, actor, plan_hash, key):
        assert plan_hash == replan(job).hash
        because = Because(origin=job)
        return job_create(
            actor=actor,
            host_id=job.host_id,
            plan=replan(job),
            subject=job.subject,
            intent={},
            idempotency_key=key,
            because=because,
        )

    again = ports.Again(Perm.JAIL_STOP, replan, ask)
    monkeypatch.setitem(ports._kinds, KIND, ports.JobKind(KIND, "Work", lambda _job: [], again=again))
    return argvs


@pytest.fixture
def failed(job) -> Job:
    return change(job, state=JobState.FAILED, ended_at=timezone.now())


def answers(monkeypatch, answer: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(answer))


@pytest.mark.usefixtures("fresh", "sent")
@pytest.mark.parametrize(("words", "answer"), [(("--yes",), ""), ((), "y\n"), ((), "Yes\n")])
def test_retry_shows_what_differs_and_asks(failed, run, monkeypatch, words, answer):
    answers(monkeypatch, answer)
    status, out, _ = run("retry", str(failed.pk), *words)
    assert status == 0
    for line in ("    /bin/one 'two words'", "  + /bin/three", "  - /bin/two"):
        assert line in out.splitlines()
    again = Job.objects.get(origin=failed)
    assert (again.requester_name, again.requester_id, again.state) == (ROOT, None, JobState.QUEUED)
    assert f"{again.pk.hex[:8]} is queued." in out


@pytest.mark.parametrize("answer", ["", "\n", "n\n", "nonsense\n"])
def test_retry_without_a_yes_asks_for_nothing(failed, fresh, run, monkeypatch, answer):
    answers(monkeypatch, answer)
    status, _, err = run("retry", str(failed.pk))
    assert (status, err) == (1, "Nothing was asked for.\n")
    assert not Job.objects.filter(origin=failed).exists()


@pytest.mark.usefixtures("fresh", "sent")
@pytest.mark.parametrize(("answer", "count"), [("web\n", 1), ("y\n", 0), ("WEB\n", 0)])
def test_retry_of_what_destroys_something_wants_its_name(failed, run, monkeypatch, answer, count):
    monkeypatch.setattr("apps.jobs.command_line.change.typed_name", lambda _job: "web")
    answers(monkeypatch, answer)
    run("retry", str(failed.pk))
    assert Job.objects.filter(origin=failed).count() == count


def test_retry_of_what_cannot_be_is_refused_in_a_line(failed, fresh, run):
    fresh.clear()
    with pytest.raises(CommandError, match=r"^There is nothing left to do.$"):
        run("retry", str(failed.pk), "--yes")
