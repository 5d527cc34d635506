"""Many simulated machines in one process: they are made, served, told to fail, stopped and saved."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from apps.simulator import agent, provision
from apps.simulator.call import Buffer, Call, Captured
from apps.simulator.control import ControlServer, is_served
from apps.simulator.faults import Faults
from apps.simulator.machine import Machine
from apps.simulator.server import ToolServer, refresh
from apps.simulator.shell import external
from apps.simulator.shell.run import Shell
from apps.simulator.shell.streams import Streams, given
from apps.simulator.ssh import KEYS, Sshd
from apps.simulator.ssh_session import LOGIN
from apps.simulator.tools.logger import AUTH, MESSAGES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from apps.simulator.spec import HostSpec

SAVE_DELAY_S = 0.1
DOWN_S = 8.0
LISTING = "hosts.json"
NO_HISTORY: Mapping[str, tuple[str, ...]] = {}
FAULTS = tuple(field.name for field in dataclasses.fields(Faults))


class SimulatedHost:
    """One machine with its tools' server and its sshd.

    Attributes:
        machine: the machine itself.
        sshd: its SSH server.
    """

    def __init__(self, machine: Machine, socket: Path, sshd: Sshd) -> None:
        """Put the parts together; `start` begins to serve."""
        self.machine = machine
        self.sshd = sshd
        self._tools = ToolServer(machine, socket, self._note)
        self._saving: asyncio.TimerHandle | None = None
        sshd.ended = self._note

    @property
    def name(self) -> str:
        """What the simulator calls it."""
        return self.machine.spec.name

    async def start(self) -> None:
        """Serve."""
        refresh(Path(self.machine.files.root))
        await self._tools.start()
        await self.sshd.open()

    async def stop(self) -> None:
        """Stop serving, end what runs, save."""
        await self.sshd.shut()
        await self._power_off()
        await self._tools.stop()
        self.save()

    async def _power_off(self) -> None:
        agent.kill_all(self.machine)
        await self.sshd.close()
        await self._tools.kill_all()
        await external.kill_left(self.machine)

    async def reboot(self, down_s: float = DOWN_S) -> None:
        """Go down in the middle of everything, stay away for a time (scaled by the pace), come up."""
        await self._power_off()
        await asyncio.sleep(down_s * self.machine.pace)
        before = int(self.machine.kernel.booted_at)
        await asyncio.sleep(max(0.0, before + 1.001 - time.time()))  # a boot time has whole seconds only
        self.machine.reboot()
        await provision.load_kept_rules(self.machine)
        await self.sshd.open()

    async def set_fault(self, name: str, value: object = True) -> None:
        """Switch a fault on (or, with its resting value, off).

        Args:
            name: a field of `Faults`.
            value: True, a number of bytes, or a factor, as the field has it.

        Raises:
            ValueError: there is no such fault.
        """
        if name not in FAULTS:
            raise ValueError(f"there is no fault {name!r}: {', '.join(FAULTS)}")
        setattr(self.machine.faults, name, value)
        agent.note_space(self.machine)
        await self.sshd.apply_faults()

    async def clear_faults(self) -> None:
        """Let everything work again."""
        self.machine.faults.clear()
        agent.note_space(self.machine)
        await self.sshd.apply_faults()

    async def run(self, line: str, stdin: bytes = b"") -> Captured:
        """Run a line at root's prompt.

        Args:
            line: shell text.
            stdin: what it may read.

        Returns:
            What it printed and its status.
        """
        out, err = Buffer(), Buffer()
        status = await self.run_streams(line, Streams(given(stdin), out, err))
        return Captured(status, out.text, err.text)

    async def run_streams(self, line: str, streams: Streams) -> int:
        """Run a line at root's prompt with streams of the caller's."""
        call = Call(
            ("sh",), self.machine, streams.out, streams.err, env=LOGIN, cwd="/root", read=streams.read
        )
        try:
            return await Shell(call).run(line, streams)
        finally:
            self._note()

    def authorize(self, public_key: str) -> None:
        """Install the agent and let a key run it and nothing else, as the panel's own command does."""
        agent.install(self.machine)
        line = f'restrict,command="{agent.AGENT}" {public_key.strip()}'
        files = self.machine.files
        files.mkdir(KEYS.rpartition("/")[0], 0o700, parents=True)
        known = files.read_text(KEYS) if files.is_file(KEYS) else ""
        if line not in known.splitlines():
            files.write_text(KEYS, f"{known}{line}\n", 0o600)

    def entry(self, control: Path) -> dict[str, str | int]:
        """Describe it for the listing."""
        return {
            "name": self.name,
            "address": self.sshd.address,
            "port": self.sshd.port,
            "user": "root",
            "host_key": self.sshd.public_key,
            "control": str(control),
        }

    def save(self) -> None:
        """Save at once."""
        if self._saving is not None:
            self._saving.cancel()
        self._saving = None
        self.machine.save()

    def _note(self) -> None:
        """Save soon; many calls in a row are one save."""
        if self._saving is None:
            self._saving = asyncio.get_running_loop().call_later(SAVE_DELAY_S, self.save)


class AlreadyServed(Exception):
    """Another simulator serves the folder."""


class Simulation:
    """The simulated hosts of one folder.

    Attributes:
        folder: holds a folder for each machine and the listing.
        hosts: by name, in the order in which they were given.
        control: the socket that `apps.simulator.control` talks to; there while it serves.
    """

    def __init__(
        self,
        folder: Path,
        *,
        pace: float = 1.0,
        panel_key: str = "",
        in_process: bool = False,
        address_of: Callable[[int], tuple[str, int]] = lambda _index: ("127.0.0.1", 0),
    ) -> None:
        """Prepare; `start` makes or loads machines and serves them.

        Args:
            folder: where they live; made when missing.
            pace: 1.0 takes the time that real tools take, 0 none.
            panel_key: a public key line that may run the agent on every host; empty for none.
            in_process: answer the agent's reading verbs without processes, for hundreds of hosts.
            address_of: gives the address and port of the n-th host when it has none yet.
        """
        self.folder = folder
        self.hosts: dict[str, SimulatedHost] = {}
        self._pace = pace
        self._panel_key = panel_key
        self._in_process = in_process
        self._address_of = address_of
        self._sockets = Path()
        self.control = Path()
        self._control = ControlServer(self)

    async def start(
        self, specs: Iterable[HostSpec], history: Mapping[str, tuple[str, ...]] = NO_HISTORY
    ) -> None:
        """Serve machines: those that the folder holds are taken up, the others are made.

        Args:
            specs: the machines.
            history: lines that root runs on a machine right after it was made, by its name.

        Raises:
            AlreadyServed: another simulator serves the folder.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        if await is_served(self.folder):
            raise AlreadyServed(f"another simulator serves {self.folder}")
        self._sockets = Path(tempfile.mkdtemp(prefix="jpsim-"))
        self.control = self._sockets / "control"
        known = {entry["name"]: entry for entry in read_listing(self.folder)}
        for index, spec in enumerate(specs):
            entry = known.get(spec.name, {})
            address, port = self._address_of(index)
            place = str(entry.get("address", address)), int(entry.get("port", port))
            self.hosts[spec.name] = await self._host(spec, index, place, history.get(spec.name, ()))
        await asyncio.gather(*(host.start() for host in self.hosts.values()))
        self.write_listing()
        await self._control.start()

    async def _host(
        self, spec: HostSpec, index: int, place: tuple[str, int], history: tuple[str, ...]
    ) -> SimulatedHost:
        machine, fresh = take_up(self.folder / spec.name, spec)
        sshd = Sshd(machine, *place, in_process=self._in_process)
        host = SimulatedHost(machine, self._sockets / str(index), sshd)
        for line in history if fresh else ():
            await host.run(line)
        machine.pace = self._pace
        if self._panel_key:
            host.authorize(self._panel_key)
        return host

    def write_listing(self) -> None:
        """Write where the hosts are, all or nothing."""
        entries = [host.entry(self.control) for host in self.hosts.values()]
        new = self.folder / f"{LISTING}.new"
        new.write_text(json.dumps(entries, indent=2) + "\n")
        os.replace(new, self.folder / LISTING)  # noqa: PTH105 - atomic by name

    async def stop(self) -> None:
        """Stop every host and leave nothing behind but the folder."""
        self._control.stop()
        await asyncio.gather(*(host.stop() for host in self.hosts.values()))
        if self._sockets.is_absolute():
            shutil.rmtree(self._sockets, ignore_errors=True)


def take_up(folder: Path, spec: HostSpec) -> tuple[Machine, bool]:
    """Load a machine, or make it with the logs that syslogd expects; tells whether it is new."""
    if (folder / "state.json").exists():
        return Machine.load(folder), False
    machine = Machine.create(folder, spec)
    for path in (MESSAGES, AUTH):
        machine.files.write_text(path, "", 0o600)
    return machine, True


def read_listing(folder: Path) -> list[dict[str, str | int]]:
    """Read the listing of an earlier start; none is an empty one."""
    try:
        entries: list[dict[str, str | int]] = json.loads((folder / LISTING).read_text())
    except (FileNotFoundError, ValueError):
        return []
    return entries
