"""What zfs list, zfs get and zpool list say of a simulated pool.

Source: reference jail-tools.md §9.1 (there are no captures of ZFS).
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from apps.simulator import pool
from apps.simulator.space import HOST_KB, dataset_used, disk_used

if TYPE_CHECKING:
    from apps.simulator.machine import Machine
    from apps.simulator.state import Dataset, Snapshot

KIB = 1024
PROPERTIES = (
    *("name", "type", "creation", "used", "avail", "available", "refer", "referenced", "compressratio"),
    *("mounted", "origin", "quota", "refquota", "reservation", "recordsize", "mountpoint", "compression"),
    *("jailed", "userrefs", "written"),
)
WRITTEN_KB = 96  # since the last snapshot; stand-in files have no sizes of their own
_ALIASES = {"available": "avail", "referenced": "refer"}
_SHOWN = {"avail": "available", "refer": "referenced"}


@dataclass(frozen=True, slots=True)
class Row:
    """A dataset, or one of its snapshots."""

    machine: Machine
    dataset: Dataset
    snapshot: Snapshot | None = None

    @property
    def name(self) -> str:
        """Its full name."""
        return self.dataset.name + (f"@{self.snapshot.name}" if self.snapshot else "")


def chosen(machine: Machine, operands: list[str], kinds: list[str], *, recursive: bool) -> list[Row]:
    """Pick datasets and snapshots.

    Args:
        machine: the host.
        operands: names; none stands for all.
        kinds: "filesystem", "snapshot".
        recursive: with what is below.

    Raises:
        pool.ZfsError: a name is not there.
    """
    rows: list[Row] = []
    for name in operands or [item.name for item in machine.kernel.datasets if "/" not in item.name]:
        holder = pool.find(machine, name.partition("@")[0])
        if "@" in name:
            found = pool.find_snapshot(machine, name)
            if found is None:
                raise pool.ZfsError(f"cannot open '{name}': dataset does not exist")
            rows.append(Row(machine, holder, found))
            continue
        below = sorted(pool.children(machine, name), key=lambda item: item.name) if recursive else []
        rows += [row for item in [holder, *below] for row in _rows(machine, item, kinds)]
    return rows


def _rows(machine: Machine, dataset: Dataset, kinds: list[str]) -> list[Row]:
    found = [Row(machine, dataset)] if "filesystem" in kinds else []
    if {"snapshot", "snap"} & set(kinds):
        found += [Row(machine, dataset, item) for item in dataset.snapshots]
    return found


def asked(text: str) -> list[str]:
    """Give the properties that `zfs get` was asked for."""
    if text == "all":
        return [name for name in PROPERTIES if name not in {"name", "avail", "refer", "userrefs"}]
    return text.split(",")


def value(row: Row, name: str, *, exact: bool) -> str:
    """Give a property as zfs prints it."""
    plain = _ALIASES.get(name, name)
    if plain in {"used", "avail", "refer"}:
        return _size(row, plain, exact=exact)
    if plain == "written":
        return _amount(_written(row), exact=exact)
    if plain == "creation":
        made = row.snapshot.created if row.snapshot else row.dataset.created
        return str(int(made)) if exact else time.strftime("%a %b %e %k:%M %Y", time.gmtime(made))
    return _snapshot_value(row, plain) if row.snapshot else _dataset_value(row, plain, exact=exact)


def _snapshot_value(row: Row, name: str) -> str:
    return {"name": row.name, "type": "snapshot", "userrefs": "0", "compressratio": "1.00x"}.get(name, "-")


def _dataset_value(row: Row, name: str, *, exact: bool) -> str:
    dataset = row.dataset
    fixed = {
        "name": row.name,
        "type": "filesystem",
        "mountpoint": pool.mountpoint(row.machine, dataset),
        "origin": dataset.origin or "-",
        "mounted": "yes" if dataset.mounted else "no",
        "compressratio": "1.85" if exact else "1.85x",
        "userrefs": "-",
    }
    defaults = {"jailed": "off", "recordsize": "131072" if exact else "128K", "compression": "lz4"}
    for quota in ("quota", "refquota", "reservation"):
        defaults[quota] = "0" if exact else "none"
    return fixed.get(name) or dataset.properties.get(name) or defaults.get(name, "-")


def _size(row: Row, name: str, *, exact: bool) -> str:
    machine = row.machine
    if row.snapshot:
        amounts = {"used": 64, "refer": dataset_used(machine, row.dataset.name)}
        return _amount(amounts[name], exact=exact) if name in amounts else "-"
    own = dataset_used(machine, row.dataset.name)
    below = sum(dataset_used(machine, item.name) for item in pool.children(machine, row.dataset.name))
    free = max(0, machine.spec.disk_kb - disk_used(machine))
    return _amount({"used": own + below, "refer": own, "avail": free}[name], exact=exact)


def _written(row: Row) -> int:
    """Tell how much was written since the snapshot before, in KiB: all of it where there is none."""
    first = row.dataset.snapshots[:1]
    has_before = bool(first) and first[0] is not row.snapshot
    return WRITTEN_KB if has_before else dataset_used(row.machine, row.dataset.name)


def _amount(kib: int, *, exact: bool) -> str:
    """Print KiB: exactly in bytes, or in three digits and a letter."""
    if exact:
        return str(kib * KIB)
    number, letters = float(kib), "KMGTP"
    while number >= KIB and len(letters) > 1:
        number, letters = number / KIB, letters[1:]
    shown = f"{number:.0f}" if number >= 100 or number == int(number) else f"{number:.3g}"
    return f"{shown}{letters[0]}"


def row_value(row: Row, name: str, *, exact: bool) -> dict[str, str]:
    """Give the columns of one row of `zfs get`."""
    source = "-"
    if name in row.dataset.properties or (name == "mountpoint" and row.dataset.mountpoint):
        source = "local"
    elif name in {"mountpoint", "jailed", "quota", "refquota", "reservation", "recordsize", "compression"}:
        source = "default"
    unknown = name not in PROPERTIES
    shown = row.dataset.properties.get(name, "-") if unknown else value(row, name, exact=exact)
    return {"name": row.name, "property": _SHOWN.get(name, name), "value": shown, "source": source}


def pool_values(machine: Machine, *, exact: bool) -> dict[str, str]:
    """Give what zpool list knows of the pool."""
    size, used = machine.spec.disk_kb, disk_used(machine) if machine.spec.pool else HOST_KB
    percent = used * 100 // size
    return {
        "name": machine.spec.pool,
        "size": _amount(size, exact=exact),
        "alloc": _amount(used, exact=exact),
        "free": _amount(size - used, exact=exact),
        "frag": "1" if exact else "1%",
        "cap": str(percent) if exact else f"{percent}%",
        "dedup": "1.00" if exact else "1.00x",
        "health": "ONLINE",
        "altroot": "-",
    }


def table(columns: list[str], cells: list[list[str]], *, plain: bool) -> str:
    """Print rows: with a TAB between columns, or lined up below a heading."""
    if plain:
        return "".join("\t".join(row) + "\n" for row in cells)
    lines = [[column.upper() for column in columns], *cells]
    widths = [max(len(row[at]) for row in lines) for at in range(len(columns))]
    return "".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() + "\n"
        for row in lines
    )
