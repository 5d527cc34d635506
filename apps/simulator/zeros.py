"""/dev/zero, which never ends: it is handed out piece by piece, and costs a jail CPU time.

Source: captures/rctl.json (limit-hit): 48 MiB had come out of it when something sent SIGTERM to the
pipeline, and the jail's only rule with that signal was `cputime:sigterm=3600`. That it was the rule,
and the time that a MiB takes by it: inferred.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.simulator.rctl import enforce
from apps.simulator.state import Process

if TYPE_CHECKING:
    from apps.simulator.call import Call

PATH = "/dev/zero"
PIECE = 1024 * 1024
CPU_S_A_PIECE = 75.0
TERMINATED = 143


async def copy(call: Call, count: int) -> int:
    """Write so many zero bytes to standard output, unless a signal ends it.

    Args:
        call: of the program that copies.
        count: of bytes.

    Returns:
        Its status.
    """
    name = call.argv[0].rpartition("/")[2]
    process = call.machine.spawn(Process(0, 1, " ".join(call.argv), call.jid, state="R", comm=name))
    try:
        while count > 0:
            piece = min(PIECE, count)
            cost = CPU_S_A_PIECE * piece / PIECE if call.jid else 0.0
            if enforce.enforce(call.machine, process, "cputime", cost).is_deadly:
                return TERMINATED
            process.cpu_time += cost
            await call.sink_out(bytes(piece))
            count -= piece
    finally:
        enforce.end(call.machine, process)
    return 0
