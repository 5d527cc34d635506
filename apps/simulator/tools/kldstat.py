"""kldstat(8): kernel modules.

Source: captures/host.json (kldstat-…); reference jail-tools.md §6.2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.simulator.getopt import BadOption, getopt
from apps.simulator.tools.registry import tool

if TYPE_CHECKING:
    from apps.simulator.call import Call

USAGE = """usage: kldstat [-d] [-h] [-q] [-v] [-i id] [-n filename]
       kldstat [-d] [-q] [-m modname]"""
FIRST, STEP, SIZE = 0xFFFFFFFF80200000, 0x200000, 0x1F3E2D0


@tool("/sbin/kldstat")
async def kldstat(call: Call) -> int:
    """Play kldstat: the table, or whether a module (`-m`) or file (`-n`) is there."""
    try:
        found, operands = getopt(call.args, "dhi:m:n:qv")
    except BadOption as bad:
        return await call.fail(f"{bad.text('kldstat')}\n{USAGE}")
    options = dict(found)
    if operands:
        return await call.fail(USAGE)
    if "m" in options:
        return await _present(call, options, "module", options["m"])
    if "n" in options:
        return await _present(call, options, "file", options["n"])
    rows = [f"{_row(at, name)}\n" for at, name in enumerate(_files(call), start=1)]
    await call.out("Id Refs Address                Size Name\n" + "".join(rows))
    return 0


def _files(call: Call) -> list[str]:
    return ["kernel", *(f"{name}.ko" for name in call.machine.kernel.modules)]


def _row(number: int, name: str) -> str:
    size = SIZE if number == 1 else 0x8000 * number
    return f"{number:2} {1 if number > 1 else 30:4} 0x{FIRST + STEP * number:016x} {size:8x} {name}"


async def _present(call: Call, options: dict[str, str], kind: str, name: str) -> int:
    known = call.machine.kernel.modules if kind == "module" else _files(call)
    if name in known:
        if "q" not in options:
            at = known.index(name) + 1
            head = "Id  Refs Name\n" if kind == "module" else "Id Refs Address                Size Name\n"
            await call.out(head + (f"{at:3} {1:4} {name}\n" if kind == "module" else f"{_row(at, name)}\n"))
        return 0
    if "q" in options:
        return 1
    return await call.fail(f"kldstat: can't find {kind} {name}: No such file or directory")
