"""The faults: how each strikes, at a moment of chance, and what a job may come to under it."""

from __future__ import annotations

import os
import re
import resource
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING
from unittest import mock

from playwright.sync_api import Page
from redis import Redis

from tests.faults import people
from tests.faults.farm import marks
from tests.faults.programs import Program
from tests.faults.world import World

if TYPE_CHECKING:
    from apps.jobs.models import Job

BOTH = ("sqlite", "postgresql")
LET_GO_S = 10.0
SLOW_PACE = 0.2
MARK = re.compile(r"\[[a-z]+ [^]]* \d\d\]")


def _must_succeed(job: Job, _world: World) -> str:
    return "" if job.state == "succeeded" else "it did not succeed"


@dataclass(frozen=True)
class Fault:
    """One row of the table.

    Args:
        name: What `make faults FAULT=` calls it.
        strike: Does it and heals it again, and says what was seen; called at the moment of chance.
        judge: Says what is wrong with a job's end; nothing when it may end so.
        on: The databases that it concerns.
        early: Whether it strikes while jobs are asked for, too.
        within_s: The last moment, in seconds after the asking.
        in_short: On which databases the short version plays it.
    """

    name: str
    strike: Callable[[World, Random], str]
    judge: Callable[[Job, World], str] = _must_succeed
    on: tuple[str, ...] = BOTH
    early: bool = False
    within_s: float = 5.0
    in_short: tuple[str, ...] = ("sqlite",)


def why_not_here(fault: Fault) -> str:
    """Return why this machine cannot play a fault; empty when it can, and where all must be there (CI)."""
    if os.environ.get("CI"):
        return ""
    if fault.strike is web_restarted and not people.CHROMIUM.exists():
        return f"There is no chromium at {people.CHROMIUM}."
    if fault.strike is panel_disk_full and not hasattr(resource, "prlimit"):
        return "Only Linux limits the files of processes that run already."
    return ""


class Broken(AssertionError):
    """What was struck did not do as it must."""


def busy_worker(world: World, rng: Random) -> Program:
    """Return the worker that holds a job now, or any."""
    from apps.jobs.models import Job

    owners = Job.objects.filter(state="running").values_list("lease_owner", flat=True)
    pids = {int(owner.rpartition(":")[2]) for owner in owners if owner}
    busy = [worker for worker in world.workers if worker.pid in pids]
    return rng.choice(busy or world.workers)


def worker_killed(world: World, rng: Random) -> str:
    worker = busy_worker(world, rng)
    worker.kill()
    time.sleep(rng.uniform(0, 1))
    worker.start(wait=False)
    return "killed"


def worker_told_to_stop(world: World, rng: Random) -> str:
    worker = busy_worker(world, rng)
    took_s = worker.end(signal.SIGTERM)
    worker.start(wait=False)
    if took_s > LET_GO_S:
        raise Broken(f"the worker took {took_s:.1f} s to end")
    return f"let go in {took_s:.1f} s"


def both_workers_killed(world: World, rng: Random) -> str:
    for worker in world.workers:
        worker.kill()
    time.sleep(rng.uniform(0, 1))
    for worker in world.workers:
        worker.start(wait=False)
    return "both killed"


def redis_killed(world: World, rng: Random) -> str:
    world.broker.kill()
    time.sleep(rng.uniform(0, 2))
    world.broker.start()
    return "back with its file"


def redis_emptied(world: World, rng: Random) -> str:
    world.broker.kill()
    world.broker.forget()
    time.sleep(rng.uniform(0, 2))
    world.broker.start()
    return "back empty"


def redis_frozen(world: World, rng: Random) -> str:
    """Redis hangs: whoever asks for a job, and a worker that is told to stop, must not hang with it."""
    world.broker.send(signal.SIGSTOP)
    try:
        time.sleep(rng.uniform(2, 4))
        worker = rng.choice(world.workers)
        ended_s = worker.end(signal.SIGTERM)
        worker.start(wait=False)
    finally:
        world.broker.send(signal.SIGCONT)
    if ended_s > LET_GO_S:
        raise Broken(f"with Redis hanging the worker took {ended_s:.1f} s to end")
    return f"a worker ended in {ended_s:.1f} s"


def messages_lost(world: World, rng: Random) -> str:
    """Messages are lost on their way, and between pop and acknowledge: a worker takes some and is gone."""
    lost: list[str] = []
    with mock.patch("apps.jobs.wakeups.send", lambda task, *_: lost.append(task)):
        time.sleep(rng.uniform(1, 3))
    worker = busy_worker(world, rng)
    worker.kill()
    with Redis.from_url(world.broker.url) as client:
        popped = client.hlen("unacked")
        client.delete("unacked", "unacked_index", "celery")
    time.sleep(rng.uniform(0, 2))
    worker.start(wait=False)
    return f"{len(lost)} on their way, {popped} unacknowledged ones lost"


def worker_frozen(world: World, rng: Random) -> str:
    """A worker is stopped for longer than its lease, and comes back when another has its job."""
    from django.conf import settings

    worker = busy_worker(world, rng)
    seconds = settings.JOB_LEASE_S + rng.uniform(1, 3)
    worker.send(signal.SIGSTOP)
    time.sleep(seconds)
    worker.send(signal.SIGCONT)
    return f"stopped for {seconds:.1f} s"


def wake_ups_doubled(world: World, rng: Random) -> str:
    from apps.jobs.wakeups import wake_lane

    hosts = [host.pk for host in world.hosts()]
    for _ in range(60):
        wake_lane(rng.choice(hosts))
    return "60 wake-ups"


def line_cut(world: World, rng: Random) -> str:
    times = rng.randint(1, 4)
    for _ in range(times):
        for wire in world.farm.wires.values():
            world.farm.on_wire(wire.cut())
        time.sleep(rng.uniform(0.1, 0.8))
    return f"cut {times} times"


def line_cut_after_bytes(world: World, rng: Random) -> str:
    """Signing in alone takes some four thousand bytes: some lines end before that, some in mid-output."""
    limits = {name: [rng.randint(500, 9000) for _ in range(4)] for name in world.farm.names}
    for name, wire in world.farm.wires.items():
        world.farm.on_wire(wire.cut_after(limits[name]))
    return "cut after " + ", ".join(str(n) for n in limits[world.farm.names[0]]) + " bytes"


def line_stalled(world: World, rng: Random) -> str:
    stalled = sum(world.farm.on_wire(wire.stall()) for wire in world.farm.wires.values())
    return f"{stalled} lines silent for good"


def host_hangs(world: World, rng: Random) -> str:
    name = rng.choice(world.farm.names)
    seconds = rng.uniform(1, 6)
    world.farm.run(world.farm.host(name).set_fault("hang"))
    time.sleep(seconds)
    world.farm.run(world.farm.host(name).clear_faults())
    return f"silent for {seconds:.1f} s"


def host_refuses(world: World, rng: Random) -> str:
    name = rng.choice(world.farm.names)
    seconds = rng.uniform(1, 6)
    world.farm.run(world.farm.host(name).set_fault("refuse"))
    time.sleep(seconds)
    world.farm.run(world.farm.host(name).clear_faults())
    return f"away for {seconds:.1f} s"


def database_away(world: World, rng: Random) -> str:
    seconds = rng.uniform(2, 3) if world.is_short else rng.uniform(2, 10)
    world.database.away(seconds)
    return f"away for {seconds:.1f} s"


def database_away_10_s(world: World, rng: Random) -> str:
    world.database.away(10)
    return "away for 10 s"


def host_reboots(world: World, rng: Random) -> str:
    """Every other time a jail is caught half made: ezjail takes its time then."""
    catches = rng.random() < 0.5
    for name in world.farm.names:
        machine = world.farm.host(name).machine
        machine.pace = SLOW_PACE if catches else 0.0
        try:
            deadline = time.monotonic() + 6
            while catches and not half_made(world, name) and time.monotonic() < deadline:
                time.sleep(0.01)
            caught = half_made(world, name)
            world.farm.run(world.farm.host(name).reboot())
        finally:
            machine.pace = 0.0
    return f"rebooted, {len(caught)} jails half made on the last"


def half_made(world: World, name: str) -> list[str]:
    """Return the jails of this host that have a directory and no file of ezjail's, by looking at its disk."""
    root = world.farm.root(name)
    found = {path.name for path in (root / "usr/jails").iterdir() if path.name.startswith("new")} - {
        "newjail"
    }
    return sorted(jail for jail in found if not (root / "usr/local/etc/ezjail" / jail).exists())


def _after_reboot(job: Job, world: World) -> str:
    """Lost with one lost step and a way to go on from it, or not touched by it."""
    from apps.accounts.actor import PANEL
    from apps.jails.remains import job_findings
    from apps.jobs import ports

    if job.state == "succeeded":
        return ""
    if job.state != "lost":
        return "it is neither lost nor succeeded"
    if [step.state for step in job.steps.all()].count("lost") != 1:
        return "not one step of it is lost"
    if job.subject in half_made(world, job.host.name) and not any(f.repairs for f in job_findings(job)):
        return "its jail is half made, and no repair is offered"
    return "" if ports.next_links(job, PANEL) else "nothing is offered after it"


def host_disk_full(world: World, rng: Random) -> str:
    name = rng.choice(world.farm.names)
    seconds = rng.uniform(0.5, 3)
    world.farm.run(world.farm.host(name).set_fault("disk_full"))
    time.sleep(seconds)
    world.farm.run(world.farm.host(name).clear_faults())
    return f"full for {seconds:.1f} s"


def _after_full_disk(job: Job, _world: World) -> str:
    if job.state == "succeeded":
        return ""
    said = job.outcome.lower()
    if job.state != "failed":
        return "it is neither failed nor succeeded"
    return "" if "full" in said or "space" in said else "it does not say that the disk was full"


def web_restarted(world: World, rng: Random) -> str:
    """A page that follows a job is open; the web process is killed, or told to stop, and comes back."""
    from apps.jobs.models import Job

    name = rng.choice(world.farm.names)
    job = Job.objects.filter(host__name=name).order_by("-created_at").first()
    assert job
    number = rng.choice((signal.SIGKILL, signal.SIGTERM))
    with people.watching(world, job.get_absolute_url()) as page:
        page.evaluate("window.notLoadedAnew = true")
        time.sleep(rng.uniform(0, 2))
        world.web.end(number)
        time.sleep(rng.uniform(0, 2))
        world.web.start(wait=False)
        people.wait_for_end(page)
        if not page.evaluate("window.notLoadedAnew"):
            raise Broken("the page was loaded anew")
        _check_shown(page, job)
    return f"{number.name}; the page came back by itself"


def _check_shown(page: Page, job: Job) -> None:
    """Each line of every command of the job is on the page once, in order."""
    wanted = [mark for step in job.steps.all() for mark in marks(tuple(step.argv[1:]))]
    deadline = time.monotonic() + 20
    while (found := MARK.findall(people.shown(page))) != wanted and time.monotonic() < deadline:
        time.sleep(0.2)
    if found != wanted:
        missing, extra = sorted(set(wanted) - set(found)), len(found) - len(set(found))
        raise Broken(f"the page shows {len(found)} of {len(wanted)} lines; missing {missing}, twice {extra}")


def panel_disk_full(world: World, rng: Random) -> str:
    """No file of the panel's processes may grow: somebody who asks is told, and nothing is half written."""
    from apps.jails.models import Jail
    from apps.jobs.models import Job

    visitor = people.Visitor(world)
    jail = Jail.objects.filter(name__startswith="spare").order_by("-pk").first()
    assert jail
    path = f"{jail.get_absolute_url()}start/"
    fields = visitor.form(path)
    before = Job.objects.count()
    seconds = rng.uniform(1, 4)
    struck = [program.pid for program in world.programs]
    _limit_files(struck, 4096)
    try:
        answer = visitor.post(path, fields)
        time.sleep(seconds)
    finally:
        _limit_files(struck, resource.RLIM_INFINITY)
        visitor.close()
    if answer.status_code not in {503, 507} or "Traceback" in answer.text or "<h1>" not in answer.text:
        raise Broken(f"who asked got {answer.status_code}: {answer.text[:500]}")
    if Job.objects.count() != before:
        raise Broken("who was refused has a job all the same")
    return f"full for {seconds:.1f} s, {answer.status_code} for who asked"


def _limit_files(pids: list[int], limit: int) -> None:
    """Let no file of these processes grow beyond so many bytes; SQLite's log needs more for any change."""
    for pid in pids:
        with suppress(ProcessLookupError):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))


def beat_killed(world: World, rng: Random) -> str:
    """No clock: only wake-ups, and they are lost too; the supervisor starts the clock again after a while."""
    world.beat.kill()
    world.broker.kill()
    world.broker.forget()
    world.broker.start()
    busy_worker(world, rng).kill()
    time.sleep(rng.uniform(0, 2))
    for program in world.programs:
        if program.process is None:
            program.start(wait=False)
    return "beat, its messages and a worker gone"


FAULTS = [
    Fault("worker-killed", worker_killed),
    Fault("both-workers-killed", both_workers_killed, in_short=()),
    Fault("worker-told-to-stop", worker_told_to_stop, in_short=()),
    Fault("worker-frozen", worker_frozen, in_short=("postgresql",)),
    Fault("redis-killed", redis_killed, early=True),
    Fault("redis-emptied", redis_emptied, early=True, in_short=()),
    Fault("redis-frozen", redis_frozen, early=True, in_short=()),
    Fault("messages-lost", messages_lost, early=True, within_s=0.0, in_short=("postgresql",)),
    Fault("beat-killed", beat_killed, in_short=()),
    Fault("wake-ups-doubled", wake_ups_doubled, early=True, in_short=()),
    Fault("line-cut", line_cut, in_short=()),
    Fault("line-cut-after-bytes", line_cut_after_bytes),
    Fault("line-stalled", line_stalled, in_short=()),
    Fault("host-hangs", host_hangs, in_short=()),
    Fault("host-refuses", host_refuses, in_short=()),
    Fault("host-reboots", host_reboots, judge=_after_reboot),
    Fault("host-disk-full", host_disk_full, judge=_after_full_disk, in_short=()),
    Fault("panel-disk-full", panel_disk_full, on=("sqlite",)),
    Fault("database-away", database_away, in_short=("postgresql",)),
    Fault("database-away-10-s", database_away_10_s, in_short=()),
    Fault("web-restarted", web_restarted, within_s=0.0, in_short=()),
]
