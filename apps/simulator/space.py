"""How much room a simulated machine's disks have and what takes it.

Files in a simulated tree are stand-ins of a few bytes, so sizes are those that the real ones have.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apps.simulator.machine import Machine
    from apps.simulator.state import Mount

HOST_KB = 1_284_440
BASEJAIL_KB = 421_600
PORTS_KB = 903_000
SOURCES_KB = 1_120_000
JAIL_KB = 11_900
RESERVED = 0.08  # UFS keeps this back from ordinary users


@dataclass(frozen=True, slots=True)
class Space:
    """Room in KiB."""

    total: int
    used: int
    available: int


def used_below(machine: Machine, jaildir: str = "/usr/jails") -> dict[str, int]:
    """Give what each folder in the jails' folder takes, in KiB, by name."""
    try:
        with os.scandir(machine.files.real(jaildir)) as entries:
            folders = [entry for entry in entries if entry.is_dir(follow_symlinks=False)]
    except OSError:
        return {}
    return {entry.name: _size(entry.path) for entry in folders}


def _size(path: str) -> int:
    """Tell from what a real folder holds which of the usual ones it is: a world, a jail, anything."""
    if os.path.islink(f"{path}/bin") or not os.path.isdir(f"{path}/bin"):  # noqa: PTH112, PTH114 - hot
        return JAIL_KB if os.path.isdir(f"{path}/etc") else 20  # noqa: PTH112 - hot
    extra = PORTS_KB if os.path.isdir(f"{path}/usr/ports") else 0  # noqa: PTH112 - hot
    extra += SOURCES_KB if os.path.isfile(f"{path}/usr/src/Makefile") else 0  # noqa: PTH113 - hot
    return BASEJAIL_KB + extra


def disk_used(machine: Machine) -> int:
    """Give what is taken of the whole disk, in KiB."""
    return min(machine.spec.disk_kb, HOST_KB + sum(used_below(machine).values()))


def space_of(machine: Machine, mount: Mount, taken: int) -> Space:
    """Give a file system's room.

    Args:
        machine: the host; when it was told that its disk is full, nothing is left on it.
        mount: one of its file systems.
        taken: what `disk_used` says.
    """
    if mount.fstype in {"devfs", "fdescfs"}:
        return Space(1, 1, 0)
    if mount.fstype == "procfs":
        return Space(4, 4, 0)
    if machine.spec.pool:
        name = mount.device.replace("/usr/jails", f"{machine.spec.pool}/ezjail", 1)
        return _dataset(machine, name, taken)
    total = machine.spec.disk_kb
    used = total if machine.faults.disk_full else taken
    return Space(total, used, max(0, int(total * (1 - RESERVED)) - used))


def _dataset(machine: Machine, name: str, taken: int) -> Space:
    """Give a mounted dataset's room: what it takes itself, and what the pool has left for all."""
    used = dataset_used(machine, name)
    free = 0 if machine.faults.disk_full else max(0, machine.spec.disk_kb - taken)
    return Space(used + free, used, free)


def dataset_used(machine: Machine, name: str) -> int:
    """Give what a dataset itself takes, in KiB."""
    if name.endswith("/ROOT/default"):
        return HOST_KB
    last = name.rpartition("/")[2]
    if last in {"basejail", "newjail", "fulljail"} or machine.kernel.jail(last):
        return BASEJAIL_KB if last == "basejail" else JAIL_KB
    return used_below(machine).get(last, 96)
