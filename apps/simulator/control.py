"""Tell running simulated hosts to fail, to work, to reboot or to run a line; from a program or a prompt.

python -m apps.simulator.control DIR NAME FAULT [VALUE]
python -m apps.simulator.control DIR NAME clear | faults | reboot | rekey
python -m apps.simulator.control DIR NAME run 'shell line'
python -m apps.simulator.control DIR NAME use JAIL memoryuse=600M pcpu=150 …  (nothing ends it)
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from apps.simulator.faults import Faults
from apps.simulator.rctl import load

if TYPE_CHECKING:
    from apps.simulator.simulation import SimulatedHost, Simulation

LINK = "control"
LINE_LIMIT = 4 * 1024 * 1024
USAGE_STATUS = 64
Answer = dict[str, str | int]


def read_value(name: str, text: str | None) -> bool | int | float | None:
    """Read a fault's value from the command line.

    Args:
        name: the fault.
        text: what was given; nothing switches it on.

    Raises:
        ValueError: no such fault, or no such value.
    """
    kinds = {field.name: field.default for field in dataclasses.fields(Faults)}
    if name not in kinds:
        raise ValueError(f"there is no fault {name!r}: {', '.join(kinds)}")
    if isinstance(kinds[name], bool):
        return text is None or text.lower() in {"1", "yes", "on", "true"}
    if text is None:
        raise ValueError(f"{name} needs a value")
    return float(text) if isinstance(kinds[name], float) else int(text)


async def obey(host: SimulatedHost, words: list[str]) -> Answer:
    """Do what the words say with a host.

    Args:
        host: the host.
        words: as on the command line, behind the name.

    Returns:
        status, stdout and stderr, as a command's.

    Raises:
        ValueError: they say nothing that can be done.
    """
    match words:
        case ["run", line]:
            return dataclasses.asdict(await host.run(line))
        case ["clear"]:
            await host.clear_faults()
        case ["faults"]:
            state = json.dumps(dataclasses.asdict(host.machine.faults))
            return {"status": 0, "stdout": f"{state}\n", "stderr": ""}
        case ["reboot"]:
            await host.reboot()
        case ["rekey"]:
            await host.sshd.change_host_key()
        case ["use", jail, *amounts]:
            said = load.use(host.machine, jail, load.read(amounts))
            host.save()
            return {"status": int(bool(said)), "stdout": "", "stderr": "".join(f"{line}\n" for line in said)}
        case [name] | [name, _]:
            await host.set_fault(name, read_value(name, words[1] if len(words) > 1 else None))
        case _:
            raise ValueError("say a fault, clear, faults, reboot, rekey, run or use")
    return {"status": 0, "stdout": "", "stderr": ""}


class ControlServer:
    """Listens for such words, one JSON list a connection: the host's name and what to do."""

    def __init__(self, simulation: Simulation) -> None:
        """Serve a simulation."""
        self._simulation = simulation
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen at the simulation's control socket, with a link to it in the simulation's folder."""
        path = self._simulation.control
        self._server = await asyncio.start_unix_server(self._serve, str(path), limit=LINE_LIMIT)
        path.chmod(0o600)
        link = self._simulation.folder / LINK
        link.unlink(missing_ok=True)
        link.symlink_to(path)

    def stop(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()
        (self._simulation.folder / LINK).unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            answer = await self._answer(json.loads(await reader.readline()))
            writer.write(json.dumps(answer).encode() + b"\n")
            await writer.drain()
        except (OSError, ValueError):
            pass  # whoever asked did not wait, or said nothing
        finally:
            writer.close()

    async def _answer(self, words: list[str]) -> Answer:
        try:
            answer = await obey(self._simulation.hosts[words[0]], words[1:])
            self._simulation.write_listing()
        except KeyError:
            known = ", ".join(self._simulation.hosts)
            return {
                "status": USAGE_STATUS,
                "stdout": "",
                "stderr": f"there is no host {words[0]!r}: {known}\n",
            }
        except ValueError as error:
            return {"status": USAGE_STATUS, "stdout": "", "stderr": f"{error}\n"}
        return answer


async def is_served(folder: Path) -> bool:
    """Tell whether a running simulator serves a folder."""
    try:
        _reader, writer = await asyncio.open_unix_connection(str((folder / LINK).resolve()))
    except OSError:
        return False
    writer.close()
    return True


async def ask(folder: Path, words: list[str]) -> Answer:
    """Send words to the simulator that serves a folder.

    Args:
        folder: its `--dir`.
        words: the host's name and what to do.

    Raises:
        OSError: no simulator serves it.
    """
    socket = (folder / LINK).resolve()
    reader, writer = await asyncio.open_unix_connection(str(socket), limit=LINE_LIMIT)
    try:
        writer.write(json.dumps(words).encode() + b"\n")
        answer: Answer = json.loads(await reader.readline())
    finally:
        writer.close()
    return answer


def main(argv: list[str]) -> int:
    """Be the command."""
    if len(argv) < 3:
        sys.stderr.write(__doc__ or "")
        return USAGE_STATUS
    try:
        answer = asyncio.run(ask(Path(argv[0]), argv[1:]))
    except OSError as error:
        sys.stderr.write(f"no simulator serves {argv[0]}: {error}\n")
        return 1
    sys.stdout.write(str(answer["stdout"]))
    sys.stderr.write(str(answer["stderr"]))
    return int(answer["status"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
