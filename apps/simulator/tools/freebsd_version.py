"""freebsd-version(1): the installed kernel, the running one, the world, and worlds in jails.

Source: captures/host.json, captures/jail.json (freebsd-version…); reference jail-tools.md §6.3.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from apps.simulator.getopt import BadOption, getopt
from apps.simulator.tools.registry import tool

if TYPE_CHECKING:
    from apps.simulator.call import Call
    from apps.simulator.files import Files

USAGE = "usage: freebsd-version [-kru] [-j jail]"
SCRIPT = "/bin/freebsd-version"
_VERSION = re.compile(r'^USERLAND_VERSION="([^"]*)"', re.MULTILINE)


def userland_of(files: Files, script: str = SCRIPT) -> str | None:
    """Read the version that a tree's own freebsd-version says."""
    if not files.is_file(script):
        return None
    found = _VERSION.search(files.read_text(script))
    return found[1] if found else None


@tool(SCRIPT)
async def freebsd_version(call: Call) -> int:
    """Play freebsd-version: always kernel, running, userland, then jails."""
    try:
        found, operands = getopt(call.args, "hj:kru")
    except BadOption as bad:
        return await call.fail(f"{bad.text('freebsd-version')}\n{USAGE}")
    letters = {letter for letter, _value in found}
    jails = [value for letter, value in found if letter == "j"]
    if operands or "h" in letters:
        return await call.fail(USAGE)
    spec = call.machine.spec
    if "k" in letters and call.jid:
        return await call.fail("freebsd-version: unable to locate kernel")
    world = userland_of(call.machine.files_of(call.jid)) if call.jid else None
    lines = {"k": spec.release, "r": spec.release, "u": world or spec.userland or spec.release}
    asked = letters & set(lines) or (set() if jails else {"u"})
    await call.out("".join(f"{lines[letter]}\n" for letter in "kru" if letter in asked))
    statuses = [await _jail(call, name) for name in jails]
    return max(statuses, default=0)


async def _jail(call: Call, name: str) -> int:
    jail = call.machine.kernel.jail(name)
    if jail is None:
        shown = name if name.isdecimal() else f'"{name}"'
        return await call.fail(f"jexec: jail {shown} not found")
    world = userland_of(call.machine.jail_files(jail))
    if world is None:
        return await call.fail(f"jexec: execvp: {SCRIPT}: No such file or directory")
    await call.out(f"{world}\n")
    return 0
