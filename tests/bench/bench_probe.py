"""How long a probe of 20 and of 200 hosts takes, with new connections and over kept ones.

A probe is all of it: connect, sign in, `facts`, take the answer apart and read it. The hosts are simulated
ones in one other process on this same machine, so both share its processors: the hosts' part is in the time.
"""

# ruff: noqa: T201  a program that prints

from __future__ import annotations

import asyncio
import os
import platform
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from apps.freebsd.channel.agent import Agent
from apps.freebsd.channel.pool import ChannelPool
from apps.freebsd.parsers.facts import HostFacts, parse_facts
from tests.bench.farm import Farm, farm

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apps.freebsd.channel.ssh import SshTarget

COUNTS = (20, 200)
JAILS = 5
ROUNDS = 5
GOALS_S = {200: (2.0, 0.5)}


class Measured(NamedTuple):
    """Seconds for one round over all hosts: on the clock, computed by us, computed by the hosts."""

    wall_s: float
    own_s: float
    hosts_s: float


def main() -> None:
    """Print the table."""
    print(f"\nProbe of simulated hosts, {JAILS} running jails each; {_machine()}")
    print(f"{'hosts':>6} {'connections':>12} {'seconds':>9} {'our CPU':>9} {'hosts CPU':>10} {'goal':>6}")
    for count in COUNTS:
        with (
            tempfile.TemporaryDirectory(prefix="jailpanel-bench-") as folder,
            farm(Path(folder) / "farm", count, JAILS) as hosts,
        ):
            cold, kept = asyncio.run(_measure(hosts))
        goals = GOALS_S.get(count, (None, None))
        _print(count, "new", cold, goals[0])
        _print(count, "kept", kept, goals[1])


async def _measure(hosts: Farm) -> tuple[Measured, Measured]:
    """Measure new connections and kept ones, each as the median of some rounds."""
    cold, kept = [], []
    for _ in range(ROUNDS):
        pool = ChannelPool()
        cold.append(await _round(pool, hosts))
        kept += [await _round(pool, hosts) for _ in range(ROUNDS)]
        await pool.close()
    return _median(cold), _median(kept)


async def _round(pool: ChannelPool, hosts: Farm) -> Measured:
    theirs, ours, began = hosts.cpu_s(), time.process_time(), time.perf_counter()
    found = await asyncio.gather(*(_probe(pool, target) for target in hosts.targets))
    wall_s, own_s = time.perf_counter() - began, time.process_time() - ours
    running = {sum(jail.running is not None for jail in facts.jails) for facts in found}
    if running != {JAILS}:
        raise RuntimeError(f"the probes are not whole: {running} jails run")
    return Measured(wall_s, own_s, hosts.cpu_s() - theirs)


async def _probe(pool: ChannelPool, target: SshTarget) -> HostFacts:
    return parse_facts(await Agent(pool.channel(target)).facts())


def _median(measured: Sequence[Measured]) -> Measured:
    return Measured(*(statistics.median(column) for column in zip(*measured, strict=True)))


def _print(count: int, kind: str, measured: Measured, goal_s: float | None) -> None:
    goal = f"{goal_s:.1f}" if goal_s else ""
    verdict = "" if not goal_s else "  met" if measured.wall_s < goal_s else "  MISSED"
    numbers = f"{measured.wall_s:>9.2f} {measured.own_s:>9.2f} {measured.hosts_s:>10.2f}"
    print(f"{count:>6} {kind:>12} {numbers} {goal:>6}{verdict}")


def _machine() -> str:
    return f"{os.cpu_count()} cores, Python {platform.python_version()}, load {os.getloadavg()[0]:.1f}"


if __name__ == "__main__":
    main()
