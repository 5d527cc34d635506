"""kldload(8) and kldunload(8): load kernel modules, and take them out again.

Source: reference ipfw §10; kldload(8). Texts of errors: inferred.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.simulator import kld
from apps.simulator.getopt import BadOption, getopt
from apps.simulator.tools.registry import tool

if TYPE_CHECKING:
    from apps.simulator.call import Call

LOAD_SECONDS = 0.2


@tool("/sbin/kldload")
async def kldload(call: Call) -> int:
    """Play kldload: each of the files that are named; `-n` minds none that is loaded."""
    try:
        found, operands = getopt(call.args, "nqv")
    except BadOption as bad:
        return await call.fail(f"{bad.text('kldload')}\nusage: kldload [-nqv] file ...")
    if not operands:
        return await call.fail("usage: kldload [-nqv] file ...")
    return max([await _load(call, dict(found), word) for word in operands])


async def _load(call: Call, options: dict[str, str], word: str) -> int:
    name = word.rpartition("/")[2].removesuffix(".ko")
    if call.jid:
        return await call.fail(f"kldload: can't load {word}: Operation not permitted")
    if name in call.machine.kernel.modules:
        if "n" in options:
            return 0
        return await call.fail(f"kldload: can't load {word}: module already loaded or in kernel")
    if name not in kld.MODULES:
        return await call.fail(f"kldload: can't load {word}: No such file or directory")
    await call.pause(LOAD_SECONDS)
    kld.load(call.machine, name)
    if "v" in options:
        await call.out(f"Loaded {word}, id={len(call.machine.kernel.modules) + 1}\n")
    return 0


@tool("/sbin/kldunload")
async def kldunload(call: Call) -> int:
    """Play kldunload by name."""
    try:
        found, operands = getopt(call.args, "fi:n:v")
    except BadOption as bad:
        return await call.fail(f"{bad.text('kldunload')}\nusage: kldunload [-fv] [-n] name ...")
    operands += [value for letter, value in found if letter == "n"]
    if not operands or call.jid:
        return await call.fail("usage: kldunload [-fv] [-n] name ...")
    return max([await _unload(call, word) for word in operands])


async def _unload(call: Call, word: str) -> int:
    name = word.removesuffix(".ko")
    if name not in call.machine.kernel.modules:
        return await call.fail(f"kldunload: can't find file {word}: No such file or directory")
    if kld.users(call.machine, name):
        return await call.fail("kldunload: can't unload file: Device busy")
    kld.unload(call.machine, name)
    return 0
