"""Play the captures of a real FreeBSD 13.2 host against a simulated one, case after case from the same start.

`python -m tests.simulator.replay` prints how many hold; with the names of cases, both texts of those.
The order and the state that is made by hand are told in tests/fixtures/captures/README.md.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from apps.simulator import world
from apps.simulator.call import Buffer, Call
from apps.simulator.machine import Machine
from apps.simulator.shell import external
from apps.simulator.shell.run import Shell
from apps.simulator.shell.streams import Streams, given
from apps.simulator.state import Process
from tests.simulator.masks import mask
from tests.simulator.origin import CAPTURED_HOST, ENV, HOST_PROCESSES, JAIL_RC_CONF, PASSWD

if TYPE_CHECKING:
    from collections.abc import Iterator

CAPTURES = Path(__file__).parents[1] / "fixtures" / "captures"
NOT_PLAYED = Path(__file__).with_name("not_played_yet.txt")
FILES = ("host", "jls", "jail", "ezjail", "shell", "rctl", "ipfw")
SHELL_PACE = 0.02
# What kept the line to the captured machine open, and what its default rule had counted before.
PANEL_RULES = (
    "ipfw -q add 1 set 31 allow tcp from any to me 22",
    "ipfw -q add 2 set 31 allow tcp from me 22 to any",
)
# What /etc/rctl.conf must have held for what its start said and left.
RCTL_CONF = "# limits\n\njail:test:nthr:log=50 a comment\njail:test:banana:deny=1\n"
DEFAULT_RULE_COUNTED = (17144, 1298824, 1795486756)


@dataclass(frozen=True, slots=True)
class Case:
    """One captured command, or one that came back."""

    file: str
    id: str
    command: str
    exit_status: int
    stdout: str
    stderr: str

    @property
    def name(self) -> str:
        return f"{self.file}/{self.id}"

    @property
    def masked(self) -> tuple[int, str, str]:
        return self.exit_status, mask(self.stdout), mask(self.stderr)


@dataclass(frozen=True, slots=True)
class Outcome:
    """A case, and what the simulator said."""

    case: Case
    found: Case

    @property
    def holds(self) -> bool:
        return self.case.masked == self.found.masked


@cache
def cases(file: str) -> tuple[Case, ...]:
    """Read one file of captures."""
    whole = json.loads((CAPTURES / f"{file}.json").read_text())
    fields = ("id", "command", "exit_status", "stdout", "stderr")
    return tuple(Case(file, **{name: entry[name] for name in fields}) for entry in whole["cases"])


def not_played_yet() -> frozenset[str]:
    """Name the cases that are known not to hold yet."""
    lines = NOT_PLAYED.read_text().splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))


class Player:
    """A simulated host at whose prompt cases are typed."""

    def __init__(self, folder: Path) -> None:
        self.machine = Machine.create(folder, CAPTURED_HOST)
        self.machine.files.write_text("/etc/passwd", PASSWD)
        self.machine.files.rmdir("/usr/tests")
        self.machine.files.write_text("/dist/base.txz", world.set_text("base", "13.2-RELEASE", JAIL_RC_CONF))
        for row in HOST_PROCESSES:
            self._add(Process(**row))

    def _add(self, process: Process) -> None:
        """Put a process among those that were started before it."""
        rows = self.machine.kernel.processes
        at = next((at for at, row in enumerate(rows) if row.pid >= process.pid), len(rows))
        rows.insert(at, process)

    async def type(self, line: str) -> tuple[int, str, str]:
        """Run a line as root over SSH without a terminal."""
        out, err = Buffer(), Buffer()
        call = Call(("sh",), self.machine, out, err, env=ENV, cwd="/root")
        status = await Shell(call).run(line, Streams(given(b""), out, err))
        return status, out.text, err.text

    async def play(self, case: Case) -> Outcome:
        status, stdout, stderr = await self.type(case.command)
        return Outcome(case, Case(case.file, case.id, case.command, status, stdout, stderr))

    async def prepare(self, *lines: str) -> None:
        """Do what was done by hand between cases; it must work."""
        for line in lines:
            status, _stdout, stderr = await self.type(line)
            assert status == 0, f"{line}: {stderr}"

    async def restart(self) -> None:
        """Restart the host, and make `test` and the address of lo1 again, as was done."""
        self.machine.reboot()
        await self.prepare(
            "ifconfig lo1 inet 10.0.0.1/24 alias",
            "ezjail-admin create test 'lo0|10.0.0.2/24'",
            "ezjail-admin onestart test",
        )


async def play_main_history(folder: Path) -> list[Outcome]:
    """Play host, then ezjail with jls and jail in its middle, in two sittings."""
    player, outcomes = Player(folder), []
    outcomes += [await player.play(case) for case in cases("host")]
    for case in cases("ezjail"):
        if case.id == "create-test":
            await player.prepare("ezjail-admin delete -wf test")
        outcomes.append(await player.play(case))
        if case.id == "install":
            await player.restart()
        if case.id == "console-e-fails":
            outcomes += [await player.play(inner) for file in ("jls", "jail") for inner in cases(file)]
    return outcomes


async def play_beside(folder: Path, file: str) -> list[Outcome]:
    """Play a file with a history of its own, on a host with the jails that it speaks of."""
    player = Player(folder)
    await player.prepare("ezjail-admin install -h file:///dist -r 13.2-RELEASE")
    await player.restart()
    await player.prepare(
        "ezjail-admin create six 'lo1|10.0.0.7/24,lo1|fd00::7/64'",
        "ezjail-admin onestart six",
        "ezjail-admin create dup 'lo1|10.0.0.2/24'",
        "ezjail-admin create badip 'lo1|banana'",
    )
    if file == "ipfw":
        await player.prepare(*PANEL_RULES)
        default = player.machine.kernel.ipfw.default
        default.packets, default.bytes, default.last_match = DEFAULT_RULE_COUNTED
        for rule in player.machine.kernel.ipfw.rules[:-1]:
            rule.last_match = default.last_match
    player.machine.pace = SHELL_PACE if file == "shell" else 0.0
    outcomes = []
    for case in cases(file):
        if case.id == "service-rctl-start":
            player.machine.files.write_text("/etc/rctl.conf", RCTL_CONF)
        outcomes.append(await player.play(case))
    await external.kill_left(player.machine)
    return outcomes


async def replay(folder: Path) -> list[Outcome]:
    """Play everything."""
    outcomes = await play_main_history(folder / "main")
    for file in ("shell", "rctl", "ipfw"):
        outcomes += await play_beside(folder / file, file)
    return outcomes


def table(outcomes: list[Outcome]) -> Iterator[str]:
    """Give the lines of the table: how many hold in each file, and which are not played yet."""
    held = Counter(outcome.case.file for outcome in outcomes if outcome.holds)
    yield f"{'captures':10} {'cases':>6} {'hold':>6} {'not yet':>8}"
    for file in FILES:
        yield f"{file:10} {len(cases(file)):6} {held[file]:6} {len(cases(file)) - held[file]:8}"
    yield f"{'all':10} {len(outcomes):6} {held.total():6} {len(outcomes) - held.total():8}"
    missing = [outcome.case.name for outcome in outcomes if not outcome.holds]
    yield ""
    yield "Not played yet: " + (", ".join(missing) or "nothing")


def both(outcome: Outcome) -> Iterator[str]:
    """Give both texts of a case, masked."""
    yield f"=== {outcome.case.name}: {outcome.case.command}"
    for side, case in (("captured", outcome.case), ("simulated", outcome.found)):
        status, stdout, stderr = case.masked
        yield f"--- {side}: exit {status}"
        yield f"stdout {stdout!r}"
        yield f"stderr {stderr!r}"


def main(names: list[str]) -> None:
    """Print the table, or both texts of the cases that are named (a file's name stands for all of it)."""
    with tempfile.TemporaryDirectory() as folder:
        outcomes = asyncio.run(replay(Path(folder)))
    wanted = [item for item in outcomes if {item.case.name, item.case.file} & set(names)]
    lines = [line for item in wanted if not item.holds for line in both(item)] if names else table(outcomes)
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
