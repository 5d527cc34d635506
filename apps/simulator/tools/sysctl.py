"""sysctl(8): read and set the kernel's values.

Source: captures/host.json (sysctl-…), captures/shell.json (boottime); reference jail-tools.md §6.1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from apps.simulator import oids
from apps.simulator.getopt import BadOption, getopt
from apps.simulator.tools.registry import tool

if TYPE_CHECKING:
    from apps.simulator.call import Call

USAGE = """usage: sysctl [-bdehiNnoqtTwWx] [ -B <bufsize> ] [-f filename] name[=value] ...
       sysctl [-bdehNnoqtTwWx] [ -B <bufsize> ] -a"""


@dataclass(frozen=True, slots=True)
class Style:
    """How values are printed: alone, as `name=value`, or names only; unknown names may pass."""

    only_value: bool
    equals: bool
    only_name: bool
    ignore: bool
    quiet: bool

    def line(self, name: str, value: str) -> str:
        """Print one value."""
        if self.only_name:
            return f"{name}\n"
        if self.only_value:
            return f"{value}\n"
        return f"{name}{'=' if self.equals else ': '}{value}\n"


@tool("/sbin/sysctl")
async def sysctl(call: Call) -> int:
    """Play sysctl: its status is the number of names that failed."""
    try:
        found, operands = getopt(call.args, "AabB:def:hilNnoqTtWwXx")
    except BadOption as bad:
        return await call.fail(f"{bad.text('sysctl')}\n{USAGE}")
    letters = {letter for letter, _value in found}
    if not operands and "a" not in letters:
        return await call.fail(USAGE)
    style = Style("n" in letters, "e" in letters, "N" in letters, "i" in letters, "q" in letters)
    values = oids.values(call.machine, call.jid)
    if "a" in letters:
        await call.out(
            "".join(style.line(name, value) for name, value in values.items() if value is not None)
        )
        return 0
    return sum([await _one(call, style, values, word) for word in operands])


async def _one(call: Call, style: Style, values: oids.Values, word: str) -> int:
    """Read or set one name; 1 when that failed."""
    mark = min((at for at in (word.find("="), word.find(":")) if at >= 0), default=-1)
    name = (word if mark < 0 else word[:mark]).rstrip(".")
    if name in values:
        if mark >= 0:
            return await _set(call, style, values, name, word[mark + 1 :])
        await _show(call, style, name, values[name])
        return 0
    below = {key: value for key, value in values.items() if key.startswith(f"{name}.")}
    if below and mark < 0:
        for key, value in below.items():
            await _show(call, style, key, value)
        return 0
    if below:
        return await call.fail(f"sysctl: oid '{name}' isn't a leaf node")
    if style.ignore:
        return 0
    return 1 if style.quiet else await call.fail(f"sysctl: unknown oid '{name}'")


async def _show(call: Call, style: Style, name: str, value: str | None) -> None:
    """Print a value; one that cannot be shown prints nothing unless only names are asked."""
    if value is not None or style.only_name:
        await call.out(style.line(name, value or ""))


async def _set(call: Call, style: Style, values: oids.Values, name: str, text: str) -> int:
    new = text.strip("\"'")
    old = values[name] or ""
    fault = oids.refusal(name, old, new)
    if fault:
        return await call.fail(f"sysctl: {fault}")
    oids.put(call.machine, name, new)
    shown = f"{old} -> {new}"
    await call.out(shown.split(" -> ")[1] + "\n" if style.only_value else style.line(name, shown))
    return 0
