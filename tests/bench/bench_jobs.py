"""200 jobs over 50 hosts with two workers: jobs a second, what one costs, and the longest transaction.

Each host has four running jails, and each of them is stopped by a job of its own: start the command through
the agent, follow it, look at the host, store what is true. The hosts and all of the panel share this machine.
"""

# ruff: noqa: T201  a program that prints

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from uuid import UUID

from tests.bench.panel import Panel, apart, loads, panel, percentile

if TYPE_CHECKING:
    from apps.accounts.actor import Actor

HOSTS, JAILS, WORKERS = 50, 4, 2
DATABASES = ("sqlite", "postgresql")
WAIT_S = 600


def main(hosts: int = HOSTS, jails: int = JAILS, databases: tuple[str, ...] = DATABASES) -> None:
    """Print the table."""
    print(f"\n{hosts * jails} jobs over {hosts} hosts, {WORKERS} workers; {loads()}")
    print(
        f"{'database':>11} {'jobs/s':>7} {'job CPU':>9} {'hosts CPU':>10} {'peak':>8}"
        f" {'transactions':>13} {'p99':>8} {'longest':>9} {'longest wait':>13}"
    )
    for database in databases:
        found = apart("tests.bench.bench_jobs", hosts=hosts, jails=jails, database=database)
        cells = (
            f"{database:>11} {found['jobs_a_second']:>7.1f} {found['cpu_ms']:>6.0f} ms",
            f"{found['hosts_ms']:>7.0f} ms {found['peak_mb']:>5.0f} MB {found['transactions']:>9.1f}/job",
            f"{found['p99_ms']:>5.0f} ms {found['longest_ms']:>6.0f} ms {found['waited_ms']:>10.0f} ms",
        )
        print(" ".join(cells))


def measure(hosts: int, jails: int, database: str) -> dict[str, float]:
    """Measure on one database; called in a process of its own."""
    with panel(hosts=hosts, jails=jails, workers=WORKERS, database=database) as running:
        return stop_all(running)


def stop_all(running: Panel) -> dict[str, float]:
    """Stop every jail that runs, each by a job of its own, and then the workers."""
    cpu_s, hosts_s, began = running.cpu_s(), running.hosts.cpu_s(), time.perf_counter()
    jobs = _ask_for_all()
    _wait_for_all(jobs)
    took_s, count = time.perf_counter() - began, len(jobs)
    used = {
        "jobs_a_second": count / took_s,
        "cpu_ms": (running.cpu_s() - cpu_s) / count * 1000,
        "hosts_ms": (running.hosts.cpu_s() - hosts_s) / count * 1000,
        "peak_mb": running.peak_mb(),
    }
    return used | _transactions(running, count)


def _ask_for_all() -> list[UUID]:
    from apps.jails.models import Jail
    from apps.jails.services import Agreed, jail_stop_request

    actor = _owner()
    jails = Jail.objects.select_related("host").filter(jid__isnull=False).order_by("name", "host__name")
    return [jail_stop_request(actor=actor, jail=jail, agreed=Agreed()).pk for jail in jails]


def _owner() -> Actor:
    from apps.accounts.models import Grant, User
    from apps.accounts.permissions import Role
    from apps.accounts.queries import actor_for

    user = User.objects.create_user("owner")
    Grant.objects.create(user=user, role=Role.ADMIN, host=None)
    return actor_for(user, address="127.0.0.1", request_id="bench")


def _wait_for_all(job_ids: list[UUID]) -> None:
    from apps.jobs.models import OPEN_STATES, Job

    jobs, deadline = Job.objects.filter(pk__in=job_ids), time.monotonic() + WAIT_S
    while jobs.filter(state__in=OPEN_STATES).exists():
        if time.monotonic() > deadline:
            raise RuntimeError("the jobs do not end")
        time.sleep(0.1)
    if odd := list(jobs.exclude(state="succeeded").values_list("state", "outcome")[:3]):
        raise RuntimeError(f"not all of {len(job_ids)} jobs succeeded: {odd}")


def _transactions(running: Panel, count: int) -> dict[str, float]:
    seen = running.stop_workers()
    return {
        "transactions": len(seen["held_s"]) / count,
        "p99_ms": percentile(seen["held_s"], 0.99) * 1000,
        "longest_ms": max(seen["held_s"]) * 1000,
        "waited_ms": max(seen["waited_s"]) * 1000,
    }


if __name__ == "__main__":
    main()
