"""uname(1): names of the system, which variables UNAME_x may replace.

Source: captures/host.json (uname); reference jail-tools.md §6.3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.simulator.getopt import BadOption, getopt
from apps.simulator.releases import osreldate
from apps.simulator.tools.registry import tool

if TYPE_CHECKING:
    from apps.simulator.call import Call

USAGE = "usage: uname [-abiKmnoprsUv]"
ORDER = "snrvmpiKUb"


@tool("/usr/bin/uname")
async def uname(call: Call) -> int:
    """Play uname: the fields come in its own order, whatever the order of the letters."""
    try:
        found, operands = getopt(call.args, "abiKmnoprsUv")
    except BadOption as bad:
        return await call.fail(f"{bad.text('uname')}\n{USAGE}")
    if operands:
        return await call.fail(USAGE)
    letters = {"s" if letter == "o" else letter for letter, _value in found} or {"s"}
    asked = letters | set("snrvm") if "a" in letters else letters
    values = fields(call)
    await call.out(" ".join(values[letter] for letter in ORDER if letter in asked) + "\n")
    return 0


def fields(call: Call) -> dict[str, str]:
    """Give each letter's value, as the process in its jail sees it."""
    machine = call.machine
    jail = machine.kernel.jail(str(call.jid)) if call.jid else None
    release = (jail.osrelease if jail else "") or machine.spec.release
    userland = machine.spec.userland or machine.spec.release
    values = {
        "s": "FreeBSD",
        "n": jail.hostname if jail else machine.hostname,
        "r": release,
        "v": f"FreeBSD {release} releng/{release.partition('-')[0]} GENERIC",
        "m": machine.spec.arch,
        "p": "aarch64" if machine.spec.arch == "arm64" else machine.spec.arch,
        "i": "GENERIC",
        "K": str(osreldate(machine.spec.release)),
        "U": str(osreldate(userland)),
        "b": "0" * 40,
    }
    return {letter: call.env.get(f"UNAME_{letter}", value) for letter, value in values.items()}
