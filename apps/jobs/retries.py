"""Trying again: a fresh plan for the wish of a job that came to nothing, against what is true by now.

The first plan is never run a second time as it is: what it did until it broke is there already. The kind of
the job (ports.Again) plans its wish anew, and what differs from the first plan is shown before anyone agrees.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

from apps.accounts.actor import Actor
from apps.freebsd.commands import PlanStep
from apps.freebsd.errors import Conflict
from apps.jobs import ports
from apps.jobs.models import OPEN_STATES, Job, JobState
from apps.jobs.plan import Plan
from apps.jobs.services import job_find

NO_WAY = "The panel does not know how to try this again. Ask for it anew where it was asked for."


class Mark(StrEnum):
    """What became of a part of the first plan."""

    KEPT = "kept"
    GONE = "gone"
    NEW = "new"


@dataclass(frozen=True, slots=True)
class Change:
    """A command of the first plan, of the fresh one, or of both.

    Args:
        mark: Of which.
        command: The command.
    """

    mark: Mark
    command: PlanStep


@dataclass(frozen=True, slots=True)
class Fresh:
    """A plan for a wish against what is true now, beside the one that came to nothing.

    Args:
        plan: What would run.
        changes: The commands of both plans, in the order in which they run.
        notes_new: Warnings and checks that the first plan did not have.
        notes_gone: Warnings and checks that the first plan had.
    """

    plan: Plan
    changes: tuple[Change, ...]
    notes_new: tuple[str, ...]
    notes_gone: tuple[str, ...]

    @property
    def differs(self) -> bool:
        """Whether anything is not as in the first plan."""
        return bool(self.notes_new or self.notes_gone) or any(
            change.mark != Mark.KEPT for change in self.changes
        )


def retry_plan(job: Job, actor: Actor) -> Fresh:
    """Plan the wish of a job anew.

    Args:
        job: One that has ended and did not succeed.
        actor: Who would ask for it.

    Raises:
        NotAllowed: The actor may not.
        InvalidInput: What was wished for cannot be done as the host is now.
        Conflict: It has not ended, or succeeded; its host was not looked at since; someone tries it again
            already; there is nothing left to do, or what it left has to be mended first.
    """
    again = _again(job, actor)
    _check_open(job)
    return compare(job.stored_plan, again.replan(job))


def job_retry(*, actor: Actor, job: Job, plan_hash: str, idempotency_key: str) -> Job:
    """Ask for the wish of a job once more, with the fresh plan that was shown.

    Args:
        actor: Who asks.
        job: One that has ended and did not succeed.
        plan_hash: The hash of the fresh plan that was shown; empty when none was.
        idempotency_key: Names this one wish, however often it is posted.

    Returns:
        The new job, whose origin is the old one.

    Raises:
        NotAllowed, InvalidInput, Conflict: As `retry_plan` does; Conflict also when the fresh plan is not the
            one that was shown any more.
    """
    again = _again(job, actor)
    if existing := _asked_before(actor, job, plan_hash, idempotency_key):
        return existing
    _check_open(job)
    again.replan(job)  # says in a sentence why not, before the service does in its own words
    return again.ask(job, actor, plan_hash, idempotency_key)


def typed_name(job: Job) -> str:
    """Return the name that a person has to type before the job is tried again; empty when none is."""
    again = ports.again(job.kind)
    return again.typed_name(job) if again else ""


def compare(first: Plan, fresh: Plan) -> Fresh:
    """Put a fresh plan beside the first one."""
    was, now = (*first.warnings, *first.checks), (*fresh.warnings, *fresh.checks)
    return Fresh(
        plan=fresh,
        changes=tuple(_changes(first.commands, fresh.commands)),
        notes_new=tuple(note for note in now if note not in was),
        notes_gone=tuple(note for note in was if note not in now),
    )


def _changes(first: tuple[PlanStep, ...], fresh: tuple[PlanStep, ...]) -> Iterable[Change]:
    before, after = [command.argv for command in first], [command.argv for command in fresh]
    for how, i1, i2, j1, j2 in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if how == "equal":
            yield from (Change(Mark.KEPT, command) for command in fresh[j1:j2])
        else:
            yield from (Change(Mark.GONE, command) for command in first[i1:i2])
            yield from (Change(Mark.NEW, command) for command in fresh[j1:j2])


def _again(job: Job, actor: Actor) -> ports.Again:
    again = ports.again(job.kind)
    if again is None:
        raise Conflict(NO_WAY)
    actor.require(again.perm, job.host_id)
    return again


def _asked_before(actor: Actor, job: Job, plan_hash: str, key: str) -> Job | None:
    for other in job.followers.filter(plan_hash=plan_hash):
        plan = other.stored_plan
        found = job_find(actor=actor, host_id=job.host_id, plan=plan, idempotency_key=key)
        if found == other:
            return other
    return None


def _check_open(job: Job) -> None:
    if job.state == JobState.SUCCEEDED:
        raise Conflict("It succeeded: there is nothing to try again.")
    if job.is_open:
        raise Conflict("It has not ended yet. Wait for its end, or cancel it.")
    if follower := job.followers.filter(state__in=OPEN_STATES).first():
        raise Conflict(f"“{follower.title}” follows it already and is {follower.get_state_display()}.")
    if not was_looked_at_since(job):
        raise Conflict(
            f"{job.host.name} has not been looked at since this job ran there, so nobody knows what it left. "
            "Probe the host first."
        )


def was_looked_at_since(job: Job) -> bool:
    """Tell whether a whole look at the host began after the last of the job's commands was over."""
    times = [step.ended_at or step.started_at for step in job.steps.all() if step.started_at]
    seen_at = job.host.seen_at
    return all(seen_at is not None and time is not None and seen_at >= time for time in times)
