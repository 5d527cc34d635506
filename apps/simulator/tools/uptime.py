"""uptime(1) with `--libxo json` and without.

Source: captures/host.json (uptime-json).
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from apps.simulator.libxo import take_style
from apps.simulator.oids import loads
from apps.simulator.tools.registry import tool

if TYPE_CHECKING:
    from apps.simulator.call import Call


@tool("/usr/bin/uptime")
async def uptime(call: Call) -> int:
    """Play uptime: whole minutes are rounded to the nearest, as w(1) does."""
    style, _words = take_style(call.args)
    machine = call.machine
    seconds = int(machine.now() - machine.kernel.booted_at)
    clock = time.strftime("%l:%M%p", time.gmtime(machine.now()))
    load = loads(machine)
    if not style.json:
        shown = ", ".join(f"{value:.2f}" for value in load)
        await call.out(f"{clock}  up{human(seconds)} 1 user, load averages: {shown}\n")
        return 0
    days, hours, minutes = seconds // 86400, seconds // 3600 % 24, seconds // 60 % 60
    await call.out(
        '{"uptime-information": {"time-of-day":"' + clock + f'","uptime":{seconds},"days":{days},'
        f'"hours":{hours},"minutes":{minutes},"seconds":{seconds % 60},"uptime-human":"{human(seconds)}",'
        f'"users":1,"load-average-1":{load[0]:.2f},"load-average-5":{load[1]:.2f},"load-average-15":{load[2]:.2f}'
        "}}\n"
    )
    return 0


def human(seconds: int) -> str:
    """Print how long it has been up, as w(1) does above a minute."""
    rounded = seconds + 30 if seconds > 60 else seconds
    days, hours, minutes = rounded // 86400, rounded // 3600 % 24, rounded // 60 % 60
    text = f" {days} day{'s' if days > 1 else ''}," if days else ""
    if hours and minutes:
        return f"{text} {hours:2}:{minutes:02},"
    if hours or minutes:
        number, unit = (hours, "hr") if hours else (minutes, "min")
        return f"{text} {number} {unit}{'s' if number > 1 else ''},"
    return text or f" {rounded} secs,"
