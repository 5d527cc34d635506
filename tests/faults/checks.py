"""What must hold after a round, whatever was struck: each sentence that comes back is a violation."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tests.faults.farm import EZJAIL, Farm, Seen

if TYPE_CHECKING:
    from apps.jobs.models import Job, Step
    from tests.faults.world import Wanted


def violations(farm: Farm, wanted: list[Wanted], calls: list[Seen]) -> list[str]:
    """Compare the panel's rows with what really happened on the hosts."""
    from apps.audit.queries import first_break
    from apps.jobs.models import Job

    jobs = list(Job.objects.filter(pk__in=[w.job_id for w in wanted]).prefetch_related("steps", "host"))
    found = list(_jobs_are_whole(wanted, jobs))
    for job in jobs:
        found += _events(job)
        for step in job.steps.all():
            found += _step(farm, job, step, calls)
    found += _nobody_asked_for(jobs, calls)
    found += _one_at_a_time(calls)
    if broken := first_break():
        found.append(f"the record is broken: {broken}")
    return found


def _jobs_are_whole(wanted: list[Wanted], jobs: list[Job]) -> Iterator[str]:
    if len(jobs) != len(wanted):
        yield f"{len(wanted)} jobs were asked for, {len(jobs)} are there"
    for job in jobs:
        if job.is_open or job.ended_at is None:
            yield f"{_named(job)} has not ended"
        states = {step.state for step in job.steps.all()}
        if states & {"running", "pending"} and not job.is_open:
            yield f"{_named(job)} has ended and a step of it has not: {sorted(states)}"
        if job.state == "succeeded" and states != {"succeeded"}:
            yield f"{_named(job)} has steps that are {sorted(states)}"


def _events(job: Job) -> Iterator[str]:
    """The record says once that a job began and once how it ended."""
    from apps.audit.models import AuditEvent

    actions = Counter(AuditEvent.objects.filter(job_id=job.pk).values_list("action", flat=True))
    for action in ("job.started", f"job.{job.state}"):
        if not job.is_open and actions[action] != 1:
            yield f"{_named(job)} is {action} {actions[action]} times in the record"


def _step(farm: Farm, job: Job, step: Step, calls: list[Seen]) -> Iterator[str]:
    name = f"step {step.position + 1} ({' '.join(step.argv)}) of {_named(job)}"
    called = [call for call in calls if call.host == job.host.name and _is_of(call, step)]
    started = farm.started(job.host.name)[step.run_id]
    if len(called) > 1 or started > 1:
        yield f"{name} ran {len(called)} times, was started {started} times"
    if step.state == "succeeded" and (len(called), started) != (1, 1):
        yield f"{name} succeeded and ran {len(called)} times, was started {started} times"
    if step.state in {"pending", "skipped"} and called:
        yield f"{name} is {step.state} and ran"
    if step.started_at and step.state != "running":
        yield from _output(farm, job, step, called, name)


def _is_of(call: Seen, step: Step) -> bool:
    return (EZJAIL, *call.argv) == tuple(step.argv)


def _output(farm: Farm, job: Job, step: Step, called: list[Seen], name: str) -> Iterator[str]:
    stored = b""
    for chunk in step.chunks.order_by("offset"):
        if chunk.offset != len(stored):
            yield f"{name}: a chunk begins at {chunk.offset}, the one before ended at {len(stored)}"
        stored += bytes(chunk.data)
    if step.output_bytes != len(stored):
        yield f"{name}: {step.output_bytes} bytes are counted, {len(stored)} stored"
    on_host = farm.output(job.host.name, step.run_id)
    if stored != on_host:
        where = _where(stored, on_host)
        yield f"{name}: {len(stored)} bytes are stored, the host's file holds {len(on_host)}{where}"
    # A full disk cuts what the host itself keeps, and the job has to say so.
    is_cut = step.state == "failed" and "disk is full" in job.outcome and "may be cut" in job.outcome
    if called and called[0].ended and bytes(called[0].output) != on_host and not is_cut:
        yield f"{name}: the tool printed {len(called[0].output)} bytes, the host's file holds {len(on_host)}"


def _where(one: bytes, other: bytes) -> str:
    at = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), None)
    return "" if at is None else f", they differ from byte {at} on"


def _nobody_asked_for(jobs: list[Job], calls: list[Seen]) -> Iterator[str]:
    asked = {(job.host.name, tuple(step.argv)) for job in jobs for step in job.steps.all()}
    for call in calls:
        if (call.host, (EZJAIL, *call.argv)) not in asked:
            yield f"{' '.join(call.argv)} ran on {call.host}, and no job of this round says so"


def _one_at_a_time(calls: list[Seen]) -> Iterator[str]:
    """No two commands on a host at the same time, by the host's own clock."""
    for host in {call.host for call in calls}:
        mine = sorted((call for call in calls if call.host == host), key=lambda call: call.began)
        for before, after in itertools.pairwise(mine):
            if before.ended is not None and after.began < before.ended:
                yield f"on {host}, {' '.join(after.argv)} began before {' '.join(before.argv)} had ended"


def _named(job: Job) -> str:
    return f"“{job.title}” on {job.host.name} ({job.state}{': ' + job.outcome if job.outcome else ''})"
