"""Running a job: its commands through the host agent, then a look at what is true, then its end.

It knows nothing of jails: commands come from the plan, and the job's kind says what must be
true afterwards. Every write carries the lease's fencing number (lease.py), and the host starts a
run id at most once (steprun.py), so a worker that takes a job over goes on where the last one was.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from time import monotonic
from typing import Any
from uuid import UUID

from django.db import DatabaseError, transaction
from django.utils import timezone

from apps.accounts.actor import PANEL
from apps.audit.services import Subject, record
from apps.freebsd.channel.agent import Agent, RunEnd
from apps.freebsd.commands import Command, FileChange, Transfer
from apps.freebsd.errors import HostUnreachable, PanelError
from apps.jobs import ports, steprun
from apps.jobs.approvals import plan_holds
from apps.jobs.filerun import write_file
from apps.jobs.lease import Lease, LeaseLost, claim, kept_alive
from apps.jobs.meanings import meaning_of
from apps.jobs.models import OPEN_STEPS, Job, JobState, Step, StepState
from apps.jobs.output_text import last_text
from apps.jobs.services import announce, tell_batch
from apps.jobs.steprun import Cancelled, GivenUp, HostAway, LetGo, StepRun
from apps.jobs.transferrun import TransferRun

logger = logging.getLogger(__name__)

LOST = (
    "The host lost this step: it restarted, or the run was killed without leaving a status. "
    "It is not run again by itself; the host's page shows what is there now."
)
UNCHECKED = (
    "The commands ran, but the panel failed to check what is true now. "
    "The host's page shows what is there; the worker's log says what failed."
)


UNSEEN = "The panel failed to store what it saw; its worker's log says what failed."
DISK_FULL = (
    "The host's disk is full: /var/db/jailpanel took nothing more, so the output may be cut and the command "
    "may have stopped half-way. Make room on the host before you ask again."
)
NO_SPACE = "A disk of the host is full."
GIVEN_UP = (
    "One worker after another failed to bring this job to its end; their log says what failed. "
    "A command of it may still run on the host: look there before you ask again."
)
CHANGED = "What is stored is not what was agreed to, so nothing was run. Ask for it again."
# How many workers may stop in a job's middle before a bug of ours is what keeps it from ending.
MOST_TAKEOVERS = 20
# How long a host that is away keeps a worker waiting with the look after a job.
LOOK_PATIENCE_S = 10


class StepFailed(Exception):
    """A step did not do what it should; the rest is not run."""

    def __init__(self, message: str, state: JobState = JobState.FAILED) -> None:
        super().__init__(message)
        self.message = message
        self.state = state


def advance_lane(host_id: UUID) -> bool:
    """Run the next job of a host's lane, if there is one and nobody else has it.

    Returns:
        Whether a job came to its end, so that the next may follow.
    """
    lease = claim(host_id)
    if lease is None:
        return False
    try:
        with kept_alive(lease):
            _run(lease)
    except LeaseLost:
        logger.warning("Job %s goes on with another worker.", lease.job_id)
        return False
    except HostAway:
        with suppress(LeaseLost):
            _wait_for_host(lease)
        return False
    except LetGo:
        with suppress(LeaseLost):
            lease.let_go()
        return False
    return True


def _wait_for_host(lease: Lease) -> None:
    with transaction.atomic():
        job = Job.objects.get(pk=lease.job_id)
        lease.wait_for_host(job.away_since or timezone.now())
        announce(job)


def _run(lease: Lease) -> None:
    job = Job.objects.prefetch_related("steps").get(pk=lease.job_id)
    announce(job)
    if job.takeovers >= MOST_TAKEOVERS:
        _finish(lease, job, JobState.FAILED, GIVEN_UP)
        return
    try:
        _check_agreed(job)
        _run_steps(lease, job)
    except StepFailed as failure:
        with suppress(HostUnreachable):
            _look(job)
        _finish(lease, job, failure.state, failure.message)
    else:
        _finish(lease, job, *_prove(job))


def _check_agreed(job: Job) -> None:
    """Insist that what runs is byte for byte what was previewed, and what a second person approved."""
    is_approved = job.approval_until is None or job.approved_hash == job.plan_hash
    if not (is_approved and plan_holds(job)):
        raise StepFailed(CHANGED)


def _run_steps(lease: Lease, job: Job) -> None:
    try:
        agent = ports.gateway().agent(job.host_id)
    except PanelError as error:
        raise StepFailed(error.message) from error
    for step in job.steps.all():
        if step.state != StepState.SUCCEEDED:
            _run_step(lease, job, step, agent)


def _run_step(lease: Lease, job: Job, step: Step, agent: Agent) -> None:
    _set_step(lease, step, state=StepState.RUNNING)
    try:
        end = _do(lease, job, step, agent)
    except Cancelled as cancelled:
        _set_step(lease, step, state=StepState.CANCELLED, ended_at=timezone.now())
        raise StepFailed(cancelled.message, JobState.CANCELLED) from cancelled
    except GivenUp as given_up:
        _set_step(lease, step, state=StepState.LOST, ended_at=timezone.now())
        raise StepFailed(given_up.message, JobState.LOST) from given_up
    except PanelError as error:
        _set_step(lease, step, state=StepState.FAILED, ended_at=timezone.now())
        raise StepFailed(error.message) from error
    _judge(lease, step, end)


def _do(lease: Lease, job: Job, step: Step, agent: Agent) -> RunEnd:
    match job.stored_plan.commands[step.position]:
        case FileChange() as change:
            return write_file(lease, job, step, agent, change)
        case Transfer() as transfer:
            return TransferRun(lease, job, step, agent, transfer).to_end()
        case Command():
            return StepRun(lease, job, step, agent).to_end()


def _judge(lease: Lease, step: Step, end: RunEnd) -> None:
    full = DISK_FULL if end.disk_full else ""
    if end.lost:
        _set_step(lease, step, state=StepState.LOST, ended_at=timezone.now())
        raise StepFailed(f"{full} {LOST}".strip(), JobState.LOST)
    did_well = end.status == 0 and not end.disk_full
    state = StepState.SUCCEEDED if did_well else StepState.FAILED
    _set_step(lease, step, state=state, exit_status=end.status, ended_at=timezone.now())
    if not did_well:
        full = full or (NO_SPACE if _found_no_space(step) else "")
        ended = f"The command ended with status {end.status}."
        words = meaning_of(step.argv, end.status), ended, last_words(step)
        raise StepFailed(" ".join(filter(None, (full, *words))))


def _prove(job: Job) -> tuple[JobState, str]:
    """Look at the host and let the job's kind say whether what was wanted is true."""
    # The commands have run, and only this look says what came of them.
    try:
        problem = _look(job, 0 if job.away_since else LOOK_PATIENCE_S)
    except HostUnreachable as error:
        if not (job.cancel_requested_at or steprun.has_given_up(job)):
            raise HostAway from error
        problem = error.message
    if problem:
        return JobState.FAILED, f"The commands ran, but the host could not be looked at afterwards. {problem}"
    job.refresh_from_db()
    if problems := _problems(job):
        last = job.steps.order_by("-position").first()
        return JobState.FAILED, " ".join([*problems, last_words(last) if last else ""]).strip()
    return JobState.SUCCEEDED, ""


def _problems(job: Job) -> list[str]:
    """Ask the job's kind; a bug in there must not leave a job that never ends."""
    try:
        return ports.job_kind(job.kind).verify(job)
    except DatabaseError:
        raise
    except Exception:
        logger.exception("What job %s came to could not be checked.", job.pk)
        return [UNCHECKED]


def _look(job: Job, patience_s: float = 0) -> str:
    """Probe the host; returns what kept us from seeing it, or nothing.

    Args:
        job: The job that has run there.
        patience_s: Seconds for which a host that does not answer is tried again.

    Raises:
        HostUnreachable: It did not answer for so long.
        LetGo: This worker was told to stop.
    """
    deadline = monotonic() + patience_s
    while True:
        try:
            ports.gateway().observe(job.host_id)
        except HostUnreachable:
            if monotonic() >= deadline:
                raise
        except PanelError as error:
            return error.message
        except DatabaseError:
            raise
        except Exception:
            logger.exception("What is true on the host of job %s could not be stored.", job.pk)
            return UNSEEN
        else:
            return ""
        if steprun.stopping.wait(steprun.RETRY_S):
            raise LetGo


def _finish(lease: Lease, job: Job, state: JobState, outcome: str) -> None:
    with transaction.atomic():
        ended = {"ended_at": timezone.now(), "lease_until": None, "away_since": None}
        lease.update(state=state, outcome=outcome, **ended)
        open_steps = job.steps.filter(state__in=OPEN_STEPS)
        open_steps.update(state=StepState.SKIPPED)
        subject = Subject("job", str(job.pk), job.title, job.host_id)
        record(actor=PANEL, action=f"job.{state}", subject=subject, job_id=job.pk, outcome=outcome)
        job.state = state
        _tell_ended(job)
        announce(job)
        tell_batch(job)


def _tell_ended(job: Job) -> None:
    """Tell the rooms above; a bug in there must not leave a job that never ends."""
    try:
        with transaction.atomic():
            ports.tell_ended(job)
    except DatabaseError:
        raise
    except Exception:
        logger.exception("What the end of job %s means elsewhere could not be stored.", job.pk)


def _set_step(lease: Lease, step: Step, **values: Any) -> None:
    with transaction.atomic():
        lease.renew()
        Step.objects.filter(pk=step.pk).update(**values)
        announce(step.job)
    for name, value in values.items():
        setattr(step, name, value)


def last_words(step: Step) -> str:
    """Return the step's last error lines, or its last line: what a person would look for first."""
    lines = [line.strip() for line in last_text(step).split("\n") if line.strip()]
    errors = [line for line in lines if line.startswith("Error: ")]
    return "\n".join(errors[-2:] or lines[-1:])[:1000]


def _found_no_space(step: Step) -> bool:
    """Whether the command complains of a full disk itself; which one, its output says."""
    return "No space left on device" in last_text(step)
