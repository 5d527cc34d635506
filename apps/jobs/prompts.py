"""Whether a step waits for a passphrase: by the end of what it has printed."""

from __future__ import annotations

from apps.freebsd.commands.asking import TAIL_BYTES, Prompt, asked, may_ask
from apps.jobs.models import Job, JobState, OutputChunk, Step, StepState


def prompt_of(step: Step) -> Prompt | None:
    """Return what a step asks for, or None."""
    if not may_ask(step.argv):
        return None
    # No chunk is empty: so many hold at least as many bytes.
    newest = OutputChunk.objects.filter(step=step).order_by("-offset")[:TAIL_BYTES]
    tail = b"".join(bytes(chunk.data)[-TAIL_BYTES:] for chunk in reversed(newest))
    return asked(tail)


def asking_step(job: Job) -> tuple[Step, Prompt] | None:
    """Return the step of a running job that asks for a passphrase, and for which."""
    if job.state != JobState.RUNNING:
        return None
    for step in job.steps.all():
        if step.state == StepState.RUNNING and step.started_at and (prompt := prompt_of(step)):
            return step, prompt
    return None
