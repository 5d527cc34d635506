"""w(1) with `--libxo json` and without: nobody logs in to a simulated host or jail.

Source: w(1); the keys of its document: inferred.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.simulator.libxo import take_style
from apps.simulator.tools.registry import tool

if TYPE_CHECKING:
    from apps.simulator.call import Call


@tool("/usr/bin/w")
async def w(call: Call) -> int:
    """Play w."""
    style, _words = take_style(call.args)
    if style.json:
        await call.out('{"uptime-information": {"users":0, "user-table": {"user-entry": []}}}\n')
    else:
        await call.out("USER       TTY      FROM    LOGIN@  IDLE WHAT\n")
    return 0
