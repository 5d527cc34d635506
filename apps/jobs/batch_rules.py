"""Which jobs of a batch may begin now, and when none may any more. Pure: states in, a choice out.

A host is at work while one of the batch's jobs is queued or running on it, and it has only one of them at a
time: a second one would wait in the host's lane anyhow, and could begin before anybody has seen the first
one fail. So `at_once` hosts at work are `at_once` jobs, each on another host.

A job that waits for an approval is passed over: those behind it begin, and once it is approved it is held
again and the next to be chosen. Only as the canary it holds up the others, until its time runs out.

In a chain the jobs are parts of one wish, often on several hosts: none begins before all have been approved,
and each only once all before it have succeeded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from apps.jobs.models import OPEN_STATES, WAITING_STATES, JobState

AT_WORK = (JobState.QUEUED, JobState.RUNNING)
NOT_WELL = (JobState.FAILED, JobState.LOST)
_BUT = {
    JobState.FAILED: "failed",
    JobState.LOST: "was lost",
    JobState.CANCELLED: "was cancelled",
}


@dataclass(frozen=True, slots=True)
class Pace:
    """How a batch goes through its jobs.

    Args:
        at_once: Hosts that are at work at a time.
        stop_after: Jobs that may fail, or be lost, until no other begins; 0 for never.
        canary: Whether the first job has to succeed before any other begins.
        chained: Whether each job has to succeed before the next begins, all approved before the first.
    """

    at_once: int = 1
    stop_after: int = 1
    canary: bool = False
    chained: bool = False


@dataclass(frozen=True, slots=True)
class Member:
    """A job of a batch, as far as its turn depends on it."""

    job_id: UUID
    host_id: UUID
    state: str


def next_up(pace: Pace, members: Sequence[Member]) -> list[Member]:
    """Return the jobs that may begin now.

    Args:
        pace: How the batch goes through them.
        members: All its jobs in their order.
    """
    if pace.chained:
        return _next_link(members)
    if pace.canary and members and members[0].state != JobState.SUCCEEDED:
        return [member for member in members[:1] if member.state == JobState.HELD]
    busy = {member.host_id for member in members if member.state in AT_WORK}
    chosen: list[Member] = []
    for member in members:
        if len(busy) >= pace.at_once:
            break
        if member.state == JobState.HELD and member.host_id not in busy:
            busy.add(member.host_id)
            chosen.append(member)
    return chosen


def _next_link(members: Sequence[Member]) -> list[Member]:
    if any(member.state == JobState.AWAITING for member in members):
        return []
    rest = [member for member in members if member.state != JobState.SUCCEEDED]
    return [member for member in rest[:1] if member.state == JobState.HELD]


def why_stop(pace: Pace, members: Sequence[Member]) -> str:
    """Return why no other job of the batch may begin; empty when they may, or none is left."""
    if not any(member.state in WAITING_STATES for member in members):
        return ""
    if pace.chained:
        ended = (JobState(member.state) for member in members if member.state not in OPEN_STATES)
        broken = next((state for state in ended if state != JobState.SUCCEEDED), None)
        return f"Each job had to succeed before the next begins, but one {_BUT[broken]}." if broken else ""
    first = JobState(members[0].state)
    if pace.canary and first not in (*OPEN_STATES, JobState.SUCCEEDED):
        return f"Its first job had to succeed before any other begins, but {_BUT[first]}."
    bad = sum(member.state in NOT_WELL for member in members)
    if pace.stop_after and bad >= pace.stop_after:
        return f"{bad} job{'s' if bad > 1 else ''} failed, and it was to stop after {pace.stop_after}."
    return ""
