"""One change of a file on its host: compare, replace, and never twice, whoever takes the job over."""

from __future__ import annotations

import hashlib
from time import monotonic

from django.db import transaction
from django.utils import timezone

from apps.freebsd.channel import loop
from apps.freebsd.channel.agent import Agent, NoSuchFile, RunEnd
from apps.freebsd.commands import FileChange
from apps.freebsd.errors import Conflict, HostUnreachable
from apps.jobs import steprun
from apps.jobs.lease import Lease
from apps.jobs.models import Job, Step
from apps.jobs.output import store_output
from apps.jobs.services import announce

DONE = RunEnd(status=0, lost=False)


def write_file(lease: Lease, job: Job, step: Step, agent: Agent, change: FileChange) -> RunEnd:
    """Write a file of the host, unless it holds the new text already.

    A worker that stops after the host has written and before that is noted leaves a file that is not what it
    was: that it is what it should be counts as done.

    Returns:
        That it is done.

    Raises:
        LetGo: This worker was told to stop.
        HostAway: The host does not answer any more; the write is tried again later.
        HostUnreachable: It did not answer from the beginning.
        Cancelled: Someone asked for the job's end before the file was written.
        PanelError: The file is another than it was, or the host refuses it.
    """
    patience_s = steprun.FIRST_PATIENCE_S if step.started_at is None else steprun.PATIENCE_S
    deadline = monotonic() + patience_s
    while True:
        _check_cancel(job)
        try:
            return _write(lease, job, step, agent, change)
        except HostUnreachable as error:
            _wait(job, step, deadline, error)


def _check_cancel(job: Job) -> None:
    if Job.objects.filter(pk=job.pk, cancel_requested_at__isnull=False).exists():
        raise steprun.Cancelled("It was cancelled before this file was written.")


def _wait(job: Job, step: Step, deadline: float, error: HostUnreachable) -> None:
    if monotonic() > deadline:
        if step.started_at is None or steprun.has_given_up(job):
            raise error
        raise steprun.HostAway from error
    if steprun.stopping.wait(steprun.RETRY_S):
        raise steprun.LetGo


def _write(lease: Lease, job: Job, step: Step, agent: Agent, change: FileChange) -> RunEnd:
    steprun.end_given_up_runs(agent, job)
    _note_start(lease, job, step, agent)
    content = change.after.encode()
    who = steprun.one_word(job.requester_name)
    try:
        loop.run(agent.write(change.path, change.old_hash, content, who, job.pk.hex[:12]))
    except Conflict:
        if not _holds(agent, change.path, content):
            raise
    if step.output_bytes == 0:
        said = f"{change.path}: {len(content)} bytes, SHA-256 {hashlib.sha256(content).hexdigest()}\n"
        store_output(lease, step, said.encode())
    return DONE


def _note_start(lease: Lease, job: Job, step: Step, agent: Agent) -> None:
    if step.started_at is not None:
        return
    loop.run(agent.version())  # a host that is away from the beginning fails the job, and waits for nothing
    with transaction.atomic():
        lease.renew()
        step.started_at = timezone.now()
        step.save(update_fields=["started_at"])
        announce(job)


def _holds(agent: Agent, path: str, content: bytes) -> bool:
    try:
        return loop.run(agent.read(path)) == content
    except NoSuchFile:
        return False
