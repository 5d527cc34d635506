"""How long a probe of 20 and of 200 hosts takes, with new connections and over kept ones.

A probe is all of it: connect, sign in, `facts`, take the answer apart and read it. The hosts are simulated
ones in one other process on this same machine, so both share its processors: the hosts' part is in the time.
"""

# ruff: noqa: T201  a program that prints

from __future__ import annotations

import asyncio
import os
import platform
import resource
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from apps.freebsd.channel.agent import Agent
from apps.freebsd.channel.pool import ChannelPool
from apps.freebsd.parsers.facts import HostFacts, parse_facts
from tests.bench.farm import farm

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apps.freebsd.channel.ssh import SshTarget

COUNTS = (20, 200)
JAILS = 5
ROUNDS = 5
GOALS_S = {200: (2.0, 0.5)}


class Measured(NamedTuple):
    """Seconds for one round over all hosts, and how much of it our own process computed."""

    wall_s: float
    own_cpu_s: float


def main() -> None:
    """Print the table."""
    print(f"\nProbe of simulated hosts, {JAILS} running jails each; {_machine()}")
    print(f"{'hosts':>6} {'connections':>12} {'seconds':>9} {'own CPU':>9} {'goal':>6}")
    for count in COUNTS:
        with tempfile.TemporaryDirectory(prefix="jailpanel-bench-") as folder:
            with farm(Path(folder) / "farm", count, JAILS) as targets:
                cold, kept = asyncio.run(_measure(targets))
            goals = GOALS_S.get(count, (None, None))
            _print(count, "new", cold, goals[0])
            _print(count, "kept", kept, goals[1])


async def _measure(targets: Sequence[SshTarget]) -> tuple[Measured, Measured]:
    """Measure new connections (the median of some pools) and kept ones (the median of some rounds)."""
    cold = []
    for _ in range(ROUNDS):
        pool = ChannelPool()
        cold.append(await _round(pool, targets))
        kept = [await _round(pool, targets) for _ in range(ROUNDS)]
        await pool.close()
    return _median(cold), _median(kept)


async def _round(pool: ChannelPool, targets: Sequence[SshTarget]) -> Measured:
    began, cpu = time.perf_counter(), _cpu_s()
    found = await asyncio.gather(*(_probe(pool, target) for target in targets))
    measured = Measured(time.perf_counter() - began, _cpu_s() - cpu)
    running = {sum(jail.running is not None for jail in facts.jails) for facts in found}
    if running != {JAILS}:
        raise RuntimeError(f"the probes are not whole: {running} jails run")
    return measured


async def _probe(pool: ChannelPool, target: SshTarget) -> HostFacts:
    return parse_facts(await Agent(pool.channel(target)).facts())


def _median(measured: Sequence[Measured]) -> Measured:
    return Measured(
        statistics.median(one.wall_s for one in measured),
        statistics.median(one.own_cpu_s for one in measured),
    )


def _cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _print(count: int, kind: str, measured: Measured, goal_s: float | None) -> None:
    goal = f"{goal_s:.1f}" if goal_s else ""
    verdict = "" if not goal_s else "  met" if measured.wall_s < goal_s else "  MISSED"
    print(f"{count:>6} {kind:>12} {measured.wall_s:>9.2f} {measured.own_cpu_s:>9.2f} {goal:>6}{verdict}")


def _machine() -> str:
    return f"{os.cpu_count()} cores, Python {platform.python_version()}, load {os.getloadavg()[0]:.1f}"


if __name__ == "__main__":
    main()
