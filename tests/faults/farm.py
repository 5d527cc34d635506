"""Simulated hosts over real SSH, and a witness who stands before the real tool and counts.

The witness is on the host's side of everything: it sees each call that a process on the host really makes
of ezjail-admin, when it began and ended, and every byte that was printed. Nothing of the panel takes part.
"""

from __future__ import annotations

import asyncio
import dataclasses
import os
import random
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from apps.simulator import server
from apps.simulator.call import Call
from apps.simulator.spec import HostSpec
from tests.faults.wire import Wire, Wires
from tests.simulated import Simulated

EZJAIL = "/usr/local/bin/ezjail-admin"
RELEASE = "14.1-RELEASE"
RUNS = "var/db/jailpanel/runs"
# What a tool prints beside its own words: in two halves, before and after it does what it is for.
LINES, SHORT_LINES = 14, 4
LINE_PAUSE_S = 0.03
WORDS = ("copying", "größer", "x" * 120, "50%", "…", "\ttabbed", "a\rb", "\x1b[31mred\x1b[0m")


@dataclass
class Seen:
    """One call of the tool."""

    host: str
    argv: tuple[str, ...]
    began: float
    ended: float | None = None
    output: bytearray = field(default_factory=bytearray)


class Witness:
    """Takes the place of the simulator's answer to a tool's process, and passes everything on."""

    def __init__(self) -> None:
        self._answer = server.answer
        self._random = random.Random()  # noqa: S311  words of a test
        self.calls: list[Seen] = []

    def begin(self, seed: int) -> None:
        self._random.seed(seed)
        self.calls = []

    def stand(self) -> None:
        server.answer = self.answer

    def leave(self) -> None:
        server.answer = self._answer

    async def answer(self, call: Call, path: str) -> int:
        if path != EZJAIL or not call.args:  # a probe asks it for its version only
            return await self._answer(call, path)
        seen = Seen(call.machine.spec.name, call.args, time.monotonic())
        self.calls.append(seen)
        heard = dataclasses.replace(
            call, sink_out=_heard(call.sink_out, seen), sink_err=_heard(call.sink_err, seen)
        )
        await self._chatter(heard, "before")
        status = await self._answer(heard, path)
        await self._chatter(heard, "after")
        seen.ended = time.monotonic()
        return status

    async def _chatter(self, call: Call, when: str) -> None:
        for number in range(lines()):
            words = " ".join(self._random.choices(WORDS, k=self._random.randint(1, 6)))
            # The mark comes last: a carriage return in the words must not wipe it off a page.
            await call.out(f"{words} {mark(call.args, when, number)}\n")
            await asyncio.sleep(LINE_PAUSE_S * self._random.uniform(0.3, 1.7))


def _heard(sink, seen: Seen):
    async def put(data: bytes) -> None:
        await sink(data)
        seen.output.extend(data)

    return put


def lines() -> int:
    return SHORT_LINES if os.environ.get("FAULTS_SHORT") else LINES


def mark(args: tuple[str, ...], when: str, number: int) -> str:
    return f"[{' '.join(args[:3])} {when} {number:02}]"


def marks(args: tuple[str, ...]) -> list[str]:
    """Return what a reader must find of a call's output, in order and once."""
    return [mark(args, when, number) for when in ("before", "after") for number in range(lines())]


class Farm:
    """The hosts, each behind a wire of its own.

    Args:
        folder: Where they live.
        count: How many.
    """

    def __init__(self, folder: Path, count: int) -> None:
        self.names = [f"host{number}" for number in range(count)]
        self.witness = Witness()
        self._simulated = Simulated(folder, pace=0.0)
        self.key = self._simulated.private_key_path
        self._simulated.run(
            self._simulated.simulation.start([HostSpec(name, basejail=RELEASE) for name in self.names])
        )
        self.witness.stand()
        self._wires = Wires()
        self.wires: dict[str, Wire] = {}
        for name in self.names:
            entry = self.entry(name)
            self.wires[name] = self._wires.to(str(entry["address"]), int(entry["port"]))

    def entry(self, name: str) -> dict[str, str | int]:
        simulation = self._simulated.simulation
        return simulation.hosts[name].entry(simulation.control)

    def host(self, name: str):
        return self._simulated.simulation.hosts[name]

    def run(self, coroutine):
        return self._simulated.run(coroutine)

    def on_wire(self, coroutine):
        return self._wires.run(coroutine)

    def prompt(self, name: str, line: str) -> str:
        """Type a line as root on a host; the witness does not count what the panel did not ask for."""
        done = self.run(self.host(name).run(line))
        assert done.status == 0, f"{line} on {name}: {done.stdout}{done.stderr}"
        return done.stdout

    def root(self, name: str) -> Path:
        return self._simulated.root(name)

    def output(self, name: str, run_id: str) -> bytes:
        return (self.root(name) / RUNS / run_id / "output").read_bytes()

    def started(self, name: str) -> Counter[str]:
        """How often each run was started, by the host's own log."""
        log = (self.root(name) / "var/log/messages").read_text(errors="replace")
        return Counter(re.findall(r"verb=start run=(\S+) (?!refused)", log))

    def end(self) -> None:
        self._wires.end()
        self.witness.leave()
        self._simulated.end()
