"""Daemons of a jail, as their rc scripts start, stop and ask for them.

Source: rc.subr(8), captures/jail.json (console-log); the texts of stopping: inferred.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.simulator.rctl.enforce import end, may_start
from apps.simulator.state import Process, Socket

if TYPE_CHECKING:
    from apps.simulator.call import Call
    from apps.simulator.state import Jail

CANNOT_FORK = 2
COMMANDS = {
    "syslogd": "/usr/sbin/syslogd -s",
    "cron": "/usr/sbin/cron -s",
    "sshd": "sshd: /usr/sbin/sshd [listener] 0 of 10-100 startups (sshd)",
    "ntpd": "/usr/sbin/ntpd -p /var/db/ntp/ntpd.pid",
}
PORTS = {"sshd": 22, "nginx": 80, "redis": 6379, "postgresql": 5432}


def running(call: Call, name: str) -> Process | None:
    """Find the process of a jail's daemon."""
    mine = call.machine.kernel.processes_in(call.jid)
    ends = (f"/usr/sbin/{name}", f"/usr/local/sbin/{name}")
    return next((item for item in mine if any(end in item.command for end in ends)), None)


async def play(call: Call, name: str, word: str) -> int:
    """Start, stop or restart a jail's daemon, or say whether it runs."""
    process = running(call, name)
    if word == "status":
        text = f"is running as pid {process.pid}." if process else "is not running."
        await call.out(f"{name} {text}\n")
        return 0 if process else 1
    if word == "start":
        return await _start(call, name, process)
    if word == "stop":
        return await _stop(call, name, process)
    await _stop(call, name, process)
    return await _start(call, name, None)


async def _start(call: Call, name: str, process: Process | None) -> int:
    if process is not None:
        await call.out(f"{name} already running?  (pid={process.pid}).\n")
        return 1
    command = COMMANDS.get(name, f"/usr/local/sbin/{name}")
    jail = call.machine.kernel.jail(str(call.jid))
    sockets = [_socket(jail, PORTS[name])] if jail and name in PORTS else []
    process = Process(0, 1, command, call.jid, state="Is", comm=name, sockets=sockets)
    refused = may_start(call.machine, process)
    if refused:
        return await call.fail(f"/etc/rc.d/{name}: Cannot fork: {refused}", CANNOT_FORK)
    await call.out(f"Starting {name}.\n")
    call.machine.spawn(process)
    call.machine.touch()
    return 0


def _socket(jail: Jail, port: int) -> Socket:
    return Socket("tcp4", 3, jail.ip4[0] if len(jail.ip4) == 1 else "*", port)


async def _stop(call: Call, name: str, process: Process | None) -> int:
    if process is None:
        await call.out(f"{name} not running? (check /var/run/{name}.pid).\n")
        return 1
    await call.out(f"Stopping {name}.\nWaiting for PIDS: {process.pid}.\n")
    end(call.machine, process)
    return 0
