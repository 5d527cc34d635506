"""hostname(1): the host's name, or the jail's in which it runs.

Source: captures/jail.json (jexec).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.simulator.getopt import BadOption, getopt
from apps.simulator.tools.registry import tool

if TYPE_CHECKING:
    from apps.simulator.call import Call

USAGE = "usage: hostname [-f] [-s | -d] [name-of-host]"


@tool("/bin/hostname")
async def hostname(call: Call) -> int:
    """Play hostname; a name that is set lasts until the next boot, or the jail's end."""
    try:
        found, operands = getopt(call.args, "fsd")
    except BadOption as bad:
        return await call.fail(f"{bad.text('hostname')}\n{USAGE}")
    if operands:
        return await _set(call, operands[0])
    jail = call.machine.kernel.jail(str(call.jid)) if call.jid else None
    name = jail.hostname if jail else call.machine.hostname
    first, _, rest = name.partition(".")
    letters = {letter for letter, _value in found}
    await call.out((first if "s" in letters else rest if "d" in letters else name) + "\n")
    return 0


async def _set(call: Call, name: str) -> int:
    jail = call.machine.kernel.jail(str(call.jid)) if call.jid else None
    if jail and jail.params.get("allow.set_hostname") != "true":
        return await call.fail("hostname: sethostname: Operation not permitted")
    if jail:
        jail.hostname = name
    else:
        call.machine.kernel.sysctls["kern.hostname"] = name
    call.machine.touch()
    return 0
