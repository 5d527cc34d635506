"""Many simulated hosts in a process of their own: `python -m tests.bench.farm FOLDER COUNT JAILS`.

They answer the agent's reading verbs in process (the contract suite holds that to the script's own answers).
Prints a line when all of them listen, then for each line that it reads the seconds that it has computed, and
ends when its standard input does.
"""

# ruff: noqa: T201  a program that prints

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from apps.freebsd.channel.ssh import SshTarget, make_key_pair
from apps.simulator.machine import STATE
from apps.simulator.simulation import LISTING, Simulation, read_listing
from apps.simulator.spec import HostSpec
from apps.simulator.ssh import HOST_KEY

READY = "ready"
KEY = "panel"
RELEASE = "14.1-RELEASE"


@dataclass(frozen=True, slots=True)
class Farm:
    """Running hosts: the way to each, and the process that they are in."""

    targets: list[SshTarget]
    process: subprocess.Popen[str]

    def cpu_s(self) -> float:
        """Return how many seconds the hosts have computed by now."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())


@contextlib.contextmanager
def farm(folder: Path, count: int, jails: int) -> Iterator[Farm]:
    """Run `count` hosts with `jails` jails each in another process."""
    command = [sys.executable, "-m", "tests.bench.farm", folder, str(count), str(jails)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdin
        try:
            line = process.stdout.readline().strip()
            if line != READY:
                raise RuntimeError(f"the simulated hosts did not start: {line}")
            yield Farm([_target(entry, folder / KEY) for entry in read_listing(folder)], process)
        finally:
            process.stdin.close()


def _target(entry: dict[str, str | int], key: Path) -> SshTarget:
    where = str(entry["address"]), int(entry["port"]), str(entry["user"]), str(entry["host_key"])
    return SshTarget(*where, key)


async def _serve(folder: Path, count: int, jails: int) -> None:
    await _make_first(folder, jails)
    names = [f"host{number:03}" for number in range(count)]
    for name in names[1:]:
        _copy(folder / names[0], folder / name)
    simulation = _simulation(folder)
    await simulation.start([HostSpec(name) for name in names])
    gc.freeze()
    print(READY, flush=True)
    while await asyncio.to_thread(sys.stdin.readline):
        print(time.process_time(), flush=True)
    await simulation.stop()


async def _make_first(folder: Path, jails: int) -> None:
    simulation = _simulation(folder)
    await simulation.start([HostSpec("host000", basejail=RELEASE)])
    host = simulation.hosts["host000"]
    for number in range(jails):
        await host.run(f"ezjail-admin create jail{number} 'lo0|10.0.0.{number + 2}/24'")
        await host.run(f"ezjail-admin onestart jail{number}")
    host.machine.files.remove(HOST_KEY)
    root = Path(host.machine.files.root)
    await simulation.stop()
    (folder / LISTING).unlink()
    for number in range(jails):  # a probe does not look into a jail's root: no need to copy what is in it
        for entry in (root / f"usr/jails/jail{number}").iterdir():
            shutil.rmtree(entry, ignore_errors=True)


def _copy(first: Path, new: Path) -> None:
    """Make another host like the first; its files are links, for nothing here writes into them."""
    subprocess.run(["cp", "-RPl", f"{first}/", f"{new}/"], check=True)
    state = json.loads((first / STATE).read_text())
    state["spec"]["name"] = new.name
    (new / STATE).unlink()
    (new / STATE).write_text(json.dumps(state))


def _simulation(folder: Path) -> Simulation:
    return Simulation(
        folder,
        pace=0.0,
        panel_key=make_key_pair(folder / KEY),
        in_process=True,
        address_of=lambda index: (f"127.0.1.{index + 1}", 0),
    )


if __name__ == "__main__":
    Path(sys.argv[1]).mkdir(parents=True, exist_ok=True)
    asyncio.run(_serve(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
