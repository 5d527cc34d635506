"""Listening sockets of a simulated machine, and the line in which sockstat(1) shows one.

Source: reference jail-tools.md §8.3; captures/host.json (sockstat-listen), captures/jail.json.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apps.simulator.machine import Machine
    from apps.simulator.state import Process, Socket


def listening(machine: Machine, jid: int | None = None) -> Iterator[tuple[Process, Socket]]:
    """Give the sockets that listen, in the order of sockstat: the newest process first.

    Args:
        machine: the host.
        jid: only this jail's (0 is the host); None is everyone's.
    """
    for process in reversed(machine.kernel.processes):
        if jid is None or process.jid == jid:
            for socket in process.sockets:
                yield process, socket


def sockstat_line(process: Process, socket: Socket, *, numeric: bool = False) -> str:
    """Print a socket as sockstat does; `numeric` shows the user's number (-n)."""
    user = ("0" if process.user == "root" else "1001") if numeric else process.user
    local = f"{socket.address}:{socket.port}"
    name = process.comm or process.command.split()[0].rpartition("/")[2]
    head = f"{user:<8.8} {name:<10.10} {process.pid:<5} {socket.descriptor:<2} {socket.proto:<6}"
    return f"{head} {local:<21} *:*\n"
