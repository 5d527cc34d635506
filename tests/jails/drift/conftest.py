from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.freebsd.commands import Command, FileChange, PlanStep
from apps.hosts.models import Host
from apps.jails.models import Drift, Jail
from apps.jails.observing import observe
from apps.jobs.models import Job, JobState
from apps.jobs.plan import Plan
from tests.freebsd.probes import jail_file
from tests.jails.conftest import facts
from tests.jobs.conftest import make_job

SIX = jail_file("six", "six", "lo1|10.0.0.7/24,lo1|fd00::7/64")
STEPS: dict[str, tuple[PlanStep, ...]] = {
    "jails.stop": (Command(("/usr/local/bin/ezjail-admin", "onestop", "six"), "Stop it."),),
    "jails.restart": (Command(("/usr/local/bin/ezjail-admin", "onerestart", "six"), "Restart it."),),
    "jails.restore": (Command(("/usr/local/bin/ezjail-admin", "restore", "six"), "Restore it."),),
    "jails.rename": (Command(("/usr/local/bin/ezjail-admin", "config", "-n", "seven", "six"), "Rename it."),),
    "jails.snapshot": (Command(("/sbin/zfs", "snapshot", "tank/six@x"), "Keep it."),),
    "jails.change": (FileChange("/usr/local/etc/ezjail/six", "", "", "Change it."),),
}
FIRST = timezone.now().replace(microsecond=0)


@pytest.fixture
def look(host):
    """Store a probe of the captured host with some sections changed, each a minute after the one before."""
    times = [FIRST]

    def store(*, on: Host = host, **changed) -> bool:
        on.seen_at = times[-1]
        times.append(times[-1] + timedelta(minutes=1))
        return observe(on, facts(**changed))

    return store


def jail(name: str = "six") -> Jail:
    return Jail.objects.get(safe_name=name)


def drifts(name: str = "six") -> dict[str, tuple[str, str]]:
    return {row.field: (row.wanted, row.observed) for row in Drift.objects.filter(jail__safe_name=name)}


def make_begun_job(host: Host, kind: str, subject: str, state: str = JobState.RUNNING, **intent) -> Job:
    """A job that runs, or has ended a while after `FIRST`."""
    job = make_job(host, subject=subject)
    ended = None if state == JobState.RUNNING else FIRST + timedelta(seconds=30)
    plan = Plan(kind, "Work", STEPS.get(kind, ())).to_json()
    values = {"kind": kind, "state": state, "plan": plan, "started_at": FIRST, "ended_at": ended}
    Job.objects.filter(pk=job.pk).update(**values, intent=intent)
    job.refresh_from_db()
    return job
