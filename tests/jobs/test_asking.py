"""Commands that ask for a passphrase: who may answer, what reaches the host, and that nothing is kept."""

from __future__ import annotations

import copy
import pickle

import pytest
from django.urls import reverse
from django.utils import timezone

from apps.audit.models import AuditEvent
from apps.freebsd.commands.asking import Prompt, asked, may_ask
from apps.freebsd.errors import InvalidInput
from apps.freebsd.secret import Secret
from apps.jobs import asking
from apps.jobs.models import Job, JobState, OutputChunk, Step, StepState
from tests.answers import error_of, text
from tests.fakehost import Run
from tests.jobs.conftest import make_job

TERMINAL = ("/usr/bin/script", "-q", "/dev/null", "/usr/local/bin/ezjail-admin")
ATTACH = (*TERMINAL, "config", "-i", "attach", "test")
OLD, NEW = b"Attaching eli device...\r\nEnter passphrase: ", b"Enter new passphrase: "


@pytest.fixture
def waiting(host, fake_host, gateway, sent, monkeypatch):
    """Make a job whose step runs and has printed something; say where it is answered."""
    monkeypatch.setattr(asking, "PATIENCE_S", 0.05)
    monkeypatch.setattr(asking, "LOOK_S", 0.01)
    monkeypatch.setattr(asking, "SEEN_S", 0)

    def make(output: bytes, argv=ATTACH) -> str:
        job = make_job(host, argv)
        now = timezone.now()
        Job.objects.filter(pk=job.pk).update(state=JobState.RUNNING, started_at=now)
        Step.objects.filter(job=job).update(state=StepState.RUNNING, started_at=now)
        step = job.steps.get()
        OutputChunk.objects.create(step=step, offset=0, data=output)
        fake_host.runs[step.run_id] = Run(argv, "alice", "7", None)
        return reverse("jobs:job-answer", args=[job.pk])

    return make


@pytest.mark.parametrize(
    ("output", "prompt"),
    [
        (OLD, Prompt.OLD),
        (NEW, Prompt.NEW),
        (b"x\r\nReenter new passphrase: ", Prompt.AGAIN),
        (b"Enter passphrase:", Prompt.OLD),
        (b"Enter passphrase: \r\n", None),
        (b"Enter passphrase: secret", None),
        (b"", None),
    ],
)
def test_the_end_of_the_output_tells_what_is_asked_for(output, prompt):
    assert asked(output) is prompt


@pytest.mark.parametrize(
    ("argv", "may"),
    [
        (ATTACH, True),
        ((*TERMINAL, "onestart", "test"), True),
        ((*TERMINAL, "create", "-c", "eli", "-s", "1g", "a", "b"), True),
        ((*TERMINAL, "install", "-h", "x"), False),
        (ATTACH[3:], False),
        ((), False),
    ],
)
def test_only_what_runs_at_a_terminal_asks(argv, may):
    assert may_ask(argv) is may


def test_a_passphrase_goes_to_the_run_that_asks_and_is_recorded_without_its_text(owner, waiting, fake_host):
    url = waiting(OLD)
    answer = owner.client.post(url, {"passphrase": "  käse "})
    assert answer.status_code == 302
    ((_, prompt, line),) = fake_host.answers
    assert (prompt, line) == ("old", "  käse \n".encode())
    assert all("käse" not in word for words in fake_host.requests for word in words)
    event = AuditEvent.objects.get(action="job.passphrase_given")
    assert event.detail == {"prompt": "old"}


def test_a_new_one_is_given_again_as_soon_as_it_is_asked_for_again(owner, waiting, fake_host):
    url = waiting(NEW)
    fake_host.asks = "new"
    prompts = iter(["again", "old", ""])

    def asks_next() -> None:
        if len(fake_host.answers) > len(fake_host.given):
            fake_host.given = list(fake_host.answers)
            fake_host.asks = next(prompts)

    fake_host.given = []
    fake_host.tick = asks_next
    assert owner.client.post(url, {"passphrase": "abc", "again": "abc"}).status_code == 302
    assert [prompt for _, prompt, _ in fake_host.answers] == ["new", "again", "old"]


def test_a_prompt_that_comes_late_is_left_to_the_page(owner, waiting, fake_host):
    url = waiting(NEW)
    fake_host.asks = "new"
    fake_host.tick = lambda: setattr(fake_host, "asks", "" if fake_host.answers else "new")
    assert owner.client.post(url, {"passphrase": "abc", "again": "abc"}).status_code == 302
    assert len(fake_host.answers) == 1


@pytest.mark.parametrize(
    ("asks", "field"),
    [
        ((OLD, {"passphrase": ""}), "passphrase"),
        ((OLD, {"passphrase": "a\tb"}), "passphrase"),
        ((OLD, {"passphrase": "a\nb"}), "passphrase"),
        ((OLD, {"passphrase": "ä" * 126}), "passphrase"),
        ((OLD, {"passphrase": "a\0b"}), "passphrase"),
        ((NEW, {"passphrase": "abcdef", "again": "abcdeg"}), "again"),
        ((NEW, {"passphrase": "abcdef"}), "again"),
    ],
)
def test_what_cannot_be_typed_is_refused_and_not_shown_again(owner, waiting, fake_host, asks, field):
    output, data = asks
    answer = owner.client.post(waiting(output), data)
    assert answer.status_code == 422
    assert error_of(answer, f"id_{field}")
    assert "abcde" not in text(answer)
    assert not fake_host.answers


@pytest.mark.parametrize(("output", "argv"), [(b"Enter passphrase: \r\n", ATTACH), (OLD, ATTACH[3:])])
def test_a_job_that_asks_for_nothing_takes_nothing(owner, waiting, fake_host, output, argv):
    url = waiting(output, argv)
    assert owner.client.get(url).status_code == 409
    assert owner.client.post(url, {"passphrase": "x"}).status_code == 409
    assert not fake_host.answers


def test_one_that_was_answered_meanwhile_is_told_so(owner, waiting, fake_host):
    url = waiting(OLD)
    fake_host.asks = ""
    assert owner.client.post(url, {"passphrase": "x"}).status_code == 409


def test_who_may_not_do_what_the_job_does_does_not_answer(operator, viewer, outsider, waiting, fake_host):
    url = waiting(OLD)
    answers = [
        person.client.post(url, {"passphrase": "x"}).status_code for person in (operator, viewer, outsider)
    ]
    assert answers == [403, 403, 404]
    page = text(viewer.client.get(Job.objects.get().get_absolute_url()))
    assert "This step asks for a" in page
    assert "Give the passphrase" not in page
    assert not fake_host.answers


def test_the_jobs_page_says_what_is_asked_for(owner, waiting):
    waiting(NEW)
    page = text(owner.client.get(Job.objects.get().get_absolute_url()))
    assert "This step asks for a new passphrase" in page
    assert "Give the passphrase" in page


# -- a secret ---------------------------------------------------------------------------------------------


def test_a_secret_shows_as_stars_everywhere():
    secret = Secret("abcdef")
    shown = [
        str(secret),
        repr(secret),
        f"{secret}",
        f"{secret:>10}",
        repr([secret]),
        repr({1: secret}),
    ]
    assert not [one for one in shown if "abcdef" in one]
    assert secret.reveal() == b"abcdef"


def test_a_secret_is_not_stored():
    for store in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            store(Secret("abcdef"))


@pytest.mark.parametrize("value", ["", "a\n", "\x03", "x" * 251, "\ud800"])
def test_what_is_no_line_of_a_terminal_is_no_secret(value):
    with pytest.raises(InvalidInput):
        Secret(value)
