"""Passphrases for commands that ask: from the form straight to the host's agent, and never kept.

The web process sends it; neither worker, queue nor database ever sees it. The record says who gave one and
for what, and nothing of its text.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from django.db import transaction

from apps.accounts.actor import Actor
from apps.accounts.permissions import Perm, denial
from apps.audit.services import Subject, record
from apps.freebsd.channel import loop
from apps.freebsd.channel.agent import Agent
from apps.freebsd.commands.asking import Prompt
from apps.freebsd.errors import Conflict
from apps.freebsd.secret import Secret
from apps.jobs import ports
from apps.jobs.models import Job, Step, StepState
from apps.jobs.prompts import asking_step
from apps.jobs.steprun import one_word

NOT_ASKED = (
    "The command does not ask for a passphrase now. It may have been given already, or the command has ended."
)
# What a new passphrase is asked for next: once more, and then to attach the image with it.
_THEN = {Prompt.NEW: (Prompt.AGAIN, Prompt.OLD), Prompt.AGAIN: (Prompt.OLD,), Prompt.OLD: ()}
# How long the next prompt of the same form is waited for; the page asks again for one that comes later.
PATIENCE_S = 8.0
LOOK_S = 0.2
# How long the output that follows an answer is waited for.
SEEN_S = 2.0

_perms: dict[str, Perm] = {}


@dataclass(frozen=True, slots=True)
class Asking:
    """What a job's page shows while a step asks.

    Args:
        prompt: What it asks for.
        may_not: Why the person may not answer; empty when they may.
    """

    prompt: Prompt
    may_not: str

    @property
    def is_new(self) -> bool:
        """Whether a passphrase is chosen, and not one that is known already."""
        return self.prompt is not Prompt.OLD


def register_asking(kind: str, perm: Perm) -> None:
    """Say what one must hold to answer for jobs of a kind; each room does so for its own when it is ready."""
    _perms[kind] = perm


def perm_of(job: Job) -> Perm:
    """Return what one must hold to answer for a job."""
    return _perms.get(job.kind, Perm.JAIL_CREATE)


def asking(actor: Actor, job: Job) -> Asking | None:
    """Return what a job asks for, or None."""
    found = asking_step(job)
    if found is None:
        return None
    perm = perm_of(job)
    return Asking(found[1], "" if actor.may(perm, job.host_id) else denial(perm))


def job_answer(*, actor: Actor, job: Job, prompt: Prompt, secret: Secret) -> None:
    """Give a passphrase to the step that asks for it, and to what the same passphrase is asked for next.

    Raises:
        NotAllowed: The actor may not do what the job does.
        Conflict: It does not ask for this now.
        HostUnreachable: The host does not answer.
    """
    actor.require(perm_of(job), job.host_id)
    found = asking_step(job)
    if found is None or found[1] is not prompt:
        raise Conflict(NOT_ASKED)
    step = found[0]
    with transaction.atomic():
        subject = Subject("job", str(job.pk), job.title, job.host_id)
        record(
            actor=actor, action="job.passphrase_given", subject=subject, job_id=job.pk, prompt=prompt.value
        )
    agent = ports.gateway().agent(job.host_id)
    ears = Ears(agent, step.run_id, one_word(actor.name), job.pk.hex[:12])
    ears.answer(prompt, secret)
    for later in _THEN[prompt]:
        if not ears.answer_once_asked(later, secret):
            break
    _wait_for_output(step)


def _wait_for_output(step: Step) -> None:
    """Give the command a moment to print what follows, so that the page does not ask for the same again."""
    deadline = time.monotonic() + SEEN_S
    while time.monotonic() < deadline:
        if not Step.objects.filter(
            pk=step.pk, output_bytes=step.output_bytes, state=StepState.RUNNING
        ).exists():
            return
        time.sleep(LOOK_S)


@dataclass(frozen=True, slots=True)
class Ears:
    """A run that listens.

    Args:
        agent: Its host's agent.
        run_id: Which run.
        user: Who answers, for the host's log.
        job: Which job, for the host's log.
    """

    agent: Agent
    run_id: str
    user: str
    job: str

    def answer(self, prompt: Prompt, secret: Secret) -> None:
        """Answer what is asked now, or raise Conflict."""
        loop.run(self.agent.answer(self.run_id, prompt, secret, self.user, self.job))

    def answer_once_asked(self, prompt: Prompt, secret: Secret) -> bool:
        """Answer the next prompt as soon as it is there; False when it does not come in time."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            try:
                self.answer(prompt, secret)
            except Conflict:
                time.sleep(LOOK_S)
            else:
                return True
        return False
