"""sockstat(1): listening sockets and whose they are.

Source: captures/host.json (sockstat-listen), captures/jail.json (sockstat-jail); reference
jail-tools.md §8.3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.simulator.getopt import BadOption, getopt
from apps.simulator.tools.registry import tool

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apps.simulator.call import Call
    from apps.simulator.state import Process, Socket

USAGE = "usage: sockstat [-46ciLlnqSsUuvw] [-j jid] [-p ports] [-P protocols]"
HEADING = ("USER", "COMMAND", "PID", "FD", "PROTO", "LOCAL ADDRESS", f"{'FOREIGN ADDRESS':21}")


@tool("/usr/bin/sockstat")
async def sockstat(call: Call) -> int:
    """Play sockstat; only listening sockets are known, so `-c` alone shows none."""
    try:
        found, operands = getopt(call.args, "46cIij:LlnP:p:qSsUuvw")
    except BadOption as bad:
        return await call.fail(f"{bad.text('sockstat')}\n{USAGE}")
    options = dict(found)
    if operands:
        return await call.fail(USAGE)
    name = options.get("j", "")
    jail = call.machine.kernel.jail(name) if name else None
    if name and name != "0" and jail is None:
        return await call.fail(f'sockstat: jail_getid: jail "{name}" not found')
    jid = jail.jid if jail else call.jid
    if "q" not in options:
        await call.out(_line(HEADING))
    for process, socket in _sockets(call, jid, only=bool(name) or bool(call.jid)):
        if _asked(options, socket):
            await call.out(_row(process, socket, numeric="n" in options))
    return 0


def _sockets(call: Call, jid: int, *, only: bool) -> Iterator[tuple[Process, Socket]]:
    for process in reversed(call.machine.kernel.processes):
        if not only or process.jid == jid:
            for socket in process.sockets:
                yield process, socket


def _asked(options: dict[str, str], socket: Socket) -> bool:
    families = {letter for letter in "46" if letter in options} or {"4", "6"}
    ports = options.get("p", "").split(",") if "p" in options else [str(socket.port)]
    protocols = options.get("P", "").split(",") if "P" in options else [socket.proto[:-1]]
    listening = "c" not in options or "l" in options
    return (
        listening
        and socket.proto[-1] in families
        and str(socket.port) in ports
        and socket.proto[:-1] in protocols
    )


def _row(process: Process, socket: Socket, *, numeric: bool) -> str:
    user = ("0" if process.user == "root" else "1001") if numeric else process.user
    command = process.comm or process.command.split()[0].rpartition("/")[2].rstrip(":")
    local = f"{socket.address}:{socket.port}"
    return _line((user, command, str(process.pid), str(socket.descriptor), socket.proto, local, "*:*"))


def _line(cells: tuple[str, ...]) -> str:
    user, command, pid, descriptor, proto, local, foreign = cells
    return f"{user:8} {command:10.10} {pid:5} {descriptor:2} {proto:6} {local:21} {foreign}\n"
