"""mdconfig(8): memory discs, as far as ezjail attaches images; they can be listed.

Source: mdconfig(8); the columns: inferred.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.simulator.tools.registry import tool

if TYPE_CHECKING:
    from apps.simulator.call import Call


@tool("/sbin/mdconfig")
async def mdconfig(call: Call) -> int:
    """Play mdconfig -lv: unit, kind, size and file of each; nothing else."""
    if call.args != ("-lv",):
        return await call.fail("usage: mdconfig -l [-v] [-n] [-f file] [-u unit]")
    rows = [
        f"{mount.device.removeprefix('/dev/').partition('.')[0]}\tvnode\t   10M\t{mount.point}.img\t\n"
        for mount in call.machine.kernel.mounts
        if mount.device.startswith("/dev/md")
    ]
    await call.out("".join(rows))
    return 0
