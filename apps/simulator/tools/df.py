"""df(1): how full the file systems are.

Source: captures/host.json (df-json), captures/shell.json (df-avail); reference jail-tools.md §8.5.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from apps.simulator.getopt import BadOption, getopt
from apps.simulator.libxo import Value, document, take_style
from apps.simulator.space import Space, disk_used, space_of
from apps.simulator.tools.registry import tool

if TYPE_CHECKING:
    from apps.simulator.call import Call
    from apps.simulator.state import Mount

USAGE = """usage: df [-b | -g | -H | -h | -k | -m | -P] [-acilnT] [-t type] [-,]
          [file | filesystem ...]"""


@dataclass(frozen=True, slots=True)
class Row:
    """One file system with its space."""

    mount: Mount
    space: Space

    @property
    def percent(self) -> int:
        """Rounded up, of what ordinary users may fill."""
        whole = self.space.used + self.space.available
        return -(-self.space.used * 100 // whole) if whole else 100


@tool("/bin/df")
async def df(call: Call) -> int:
    """Play df -k [-T] [-t TYPE] [PATH…], as text and as a document."""
    style, words = take_style(call.args)
    try:
        found, operands = getopt(words, "abcgHhiklmnPt:T")
    except BadOption as bad:
        return await call.fail(f"{bad.text('df')}\n{USAGE}")
    options = dict(found)
    mounts, status = call.machine.kernel.mounts, 0
    if operands:
        missing = [path for path in operands if not call.machine.files.exists(path)]
        for path in missing:
            status = await call.fail(f"df: {path}: No such file or directory")
        mounts = [_holding(mounts, path) for path in operands if path not in missing]
    kinds = options["t"].split(",") if "t" in options else None
    taken = disk_used(call.machine)
    chosen = [item for item in mounts if kinds is None or item.fstype in kinds]
    rows = [Row(item, space_of(call.machine, item, taken)) for item in chosen]
    if style.json:
        fields = [_fields(row, typed="T" in options) for row in rows]
        await call.out(document("storage-system-information", "filesystem", fields, style=style))
    elif rows:
        await call.out(_table(rows, typed="T" in options))
    return status


def _holding(mounts: list[Mount], path: str) -> Mount:
    """Find the file system that holds a path: the one mounted at the longest folder above it."""
    above = [item for item in mounts if f"{path.rstrip('/')}/".startswith(f"{item.point.rstrip('/')}/")]
    return max(above, key=lambda item: len(item.point))


def _fields(row: Row, *, typed: bool) -> dict[str, Value]:
    kind: dict[str, Value] = {"type": f"{row.mount.fstype:7}"} if typed else {}
    return {
        "name": row.mount.device,
        **kind,
        "total-blocks": row.space.total,
        "used-blocks": row.space.used,
        "available-blocks": row.space.available,
        "used-percent": row.percent,
        "mounted-on": row.mount.point,
    }


def _table(rows: list[Row], *, typed: bool) -> str:
    name = max(len("Filesystem"), *(len(row.mount.device) for row in rows))
    widths = [
        max(len(title), *(len(str(number)) for number in numbers))
        for title, numbers in (
            ("1024-blocks", [row.space.total for row in rows]),
            ("Used", [row.space.used for row in rows]),
            ("Avail", [row.space.available for row in rows]),
        )
    ]
    kind = f" {'Type':7}" if typed else ""
    numbers = f"{'1024-blocks':>{widths[0]}} {'Used':>{widths[1]}} {'Avail':>{widths[2]}}"
    lines = [f"{'Filesystem':{name}}{kind} {numbers} Capacity  Mounted on"]
    for row in rows:
        kind = f" {row.mount.fstype:7}" if typed else ""
        lines.append(
            f"{row.mount.device:{name}}{kind} {row.space.total:>{widths[0]}} {row.space.used:>{widths[1]}} "
            f"{row.space.available:>{widths[2]}} {row.percent:5}%    {row.mount.point}"
        )
    return "\n".join(lines) + "\n"
