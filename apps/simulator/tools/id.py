"""id(1): whoever works on a simulated host is root."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.simulator.getopt import BadOption, getopt
from apps.simulator.tools.registry import tool

if TYPE_CHECKING:
    from apps.simulator.call import Call

USAGE = """usage: id [user]
       id -G [-n] [user]
       id -g [-nr] [user]
       id -u [-nr] [user]"""
GROUPS = {"0": "wheel", "5": "operator"}


@tool("/usr/bin/id")
async def id_(call: Call) -> int:
    """Play id -u, -g, -G and -n for root."""
    try:
        found, operands = getopt(call.args, "AGMPacd:ginpru")
    except BadOption as bad:
        return await call.fail(f"{bad.text('id')}\n{USAGE}")
    if operands and operands[0] not in {"root", "0"}:
        return await call.fail(f"id: {operands[0]}: no such user")
    letters = {letter for letter, _value in found}
    named = "n" in letters
    if "u" in letters:
        text = "root" if named else "0"
    elif "g" in letters:
        text = "wheel" if named else "0"
    elif "G" in letters:
        text = " ".join(GROUPS.values() if named else GROUPS)
    else:
        text = "uid=0(root) gid=0(wheel) groups=0(wheel),5(operator)"
    await call.out(f"{text}\n")
    return 0
