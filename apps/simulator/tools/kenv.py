"""kenv(1): the kernel's environment, which modules read when they are loaded; a reboot forgets it.

Source: kenv(1); bin/kenv/kenv.c.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.simulator import kld
from apps.simulator.getopt import BadOption, getopt
from apps.simulator.tools.registry import tool

if TYPE_CHECKING:
    from apps.simulator.call import Call

USAGE = """usage: kenv [-hNq]
       kenv [-qv] variable[=value]
       kenv [-q] -u variable"""


@tool("/bin/kenv")
async def kenv(call: Call) -> int:
    """Play kenv: everything, one variable, one that is set, one that is forgotten."""
    try:
        found, operands = getopt(call.args, "hNqu:v")
    except BadOption as bad:
        return await call.fail(f"{bad.text('kenv')}\n{USAGE}")
    options, machine = dict(found), call.machine
    known = kld.environment(machine)
    if "u" in options:
        if machine.kernel.environment.pop(options["u"], None) is None:
            return await _unknown(call, options, f"unset {options['u']}")
        machine.touch()
        return 0
    if not operands:
        await call.out("".join(f'{name}="{value}"\n' for name, value in sorted(known.items())))
        return 0
    name, equals, value = operands[0].partition("=")
    return await (_set(call, name, value) if equals else _show(call, options, known, name))


async def _set(call: Call, name: str, value: str) -> int:
    if call.jid:
        return await call.fail(f"kenv: unable to set {name} to {value}")
    call.machine.kernel.environment[name] = value
    call.machine.touch()
    await call.out(f'{name}="{value}"\n')
    return 0


async def _show(call: Call, options: dict[str, str], known: dict[str, str], name: str) -> int:
    if name not in known:
        return await _unknown(call, options, f"get {name}")
    await call.out(f'{name}="{known[name]}"\n' if "v" in options else f"{known[name]}\n")
    return 0


async def _unknown(call: Call, options: dict[str, str], what: str) -> int:
    return 1 if "q" in options else await call.fail(f"kenv: unable to {what}")
