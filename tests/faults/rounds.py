"""A round: jobs are asked for, something strikes, everything comes to its end, and it is looked at."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from random import Random

from tests.faults import checks
from tests.faults import world as worlds
from tests.faults.programs import Supervisor
from tests.faults.strikes import Fault
from tests.faults.world import World

# A job that has not ended by then hangs: the longest lease, wait and silence are shorter together.
LIMIT_S = 150.0
POLL_S = 0.1


@dataclass
class Result:
    """What a round came to."""

    fault: str
    database: str
    seed: int
    moment_s: float = 0.0
    seconds: float = 0.0
    seen: str = ""
    states: dict[str, int] = field(default_factory=dict)
    takeovers: int = 0
    violations: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, object]:
        return asdict(self)


def play(world: World, fault: Fault, seed: int, number: int) -> Result:
    """Play one round; everything of chance in it comes from the seed."""
    rng = Random(f"{fault.name} {world.database.name} {seed}")  # noqa: S311  chance, not secrecy
    result = Result(fault.name, world.database.name, seed, moment_s=rng.uniform(0, fault.within_s))
    worlds.prepare_jails(world, number)
    world.farm.witness.begin(seed)
    supervisor = Supervisor(world.programs)
    try:
        _strike_and_wait(world, fault, result, rng, number)
    finally:
        supervisor.stop()
        worlds.forget_jails(world, number)
    return result


def _strike_and_wait(world: World, fault: Fault, result: Result, rng: Random, number: int) -> None:
    began = time.monotonic()
    striking = threading.Thread(target=_strike, args=(world, fault, result, rng), daemon=True)
    if fault.early:
        striking.start()
    asked_at = time.monotonic()
    wanted = worlds.ask(world, number, Random(result.seed))  # noqa: S311
    if time.monotonic() - asked_at > 8:
        result.violations.append(f"asking for {len(wanted)} jobs took {time.monotonic() - asked_at:.1f} s")
    if not fault.early:
        striking.start()
    striking.join()
    _wait(wanted)
    result.seconds = time.monotonic() - began
    _look(world, fault, result, wanted)


def _strike(world: World, fault: Fault, result: Result, rng: Random) -> None:
    from django.db import connections

    time.sleep(result.moment_s)
    try:
        result.seen = fault.strike(world, rng)
    except Exception as error:  # noqa: BLE001  the round is not good
        result.violations.append(f"the strike: {error!r}")
    finally:
        connections.close_all()


def _wait(wanted: list[worlds.Wanted]) -> None:
    from django.db import DatabaseError, InterfaceError, connection

    from apps.jobs.models import OPEN_STATES, Job

    deadline = time.monotonic() + LIMIT_S
    while time.monotonic() < deadline:
        try:
            ids = [job.job_id for job in wanted]
            if not Job.objects.filter(pk__in=ids, state__in=OPEN_STATES).exists():
                return
        except (DatabaseError, InterfaceError):
            with suppress(Exception):
                connection.close()
        time.sleep(POLL_S)


def _look(world: World, fault: Fault, result: Result, wanted: list[worlds.Wanted]) -> None:
    from apps.jobs.models import Job

    jobs = Job.objects.filter(pk__in=[job.job_id for job in wanted]).prefetch_related("steps")
    for job in jobs:
        result.states[job.state] = result.states.get(job.state, 0) + 1
        result.takeovers += job.takeovers
        if wrong := fault.judge(job, world):
            result.violations.append(f"“{job.title}” is {job.state}: {wrong}. {job.outcome}")
    result.violations += checks.violations(world.farm, wanted, world.farm.witness.calls)
    for program in world.programs:
        while program.deaths:
            result.violations.append(f"{program.name} ended by itself ({program.deaths.pop()})")
