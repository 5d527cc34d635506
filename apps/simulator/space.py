"""How much room a simulated machine's disks have and what takes it.

Files in a simulated tree are stand-ins of a few bytes, so sizes are those that the real ones have.
"""

from __future__ import annotations

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
    files = machine.files
    if not files.is_dir(jaildir):
        return {}
    found = {}
    for name in files.names(jaildir):
        path = f"{jaildir}/{name}"
        if not files.is_link(path) and files.is_dir(path):
            found[name] = _size(machine, path)
    return found


def _size(machine: Machine, path: str) -> int:
    files = machine.files
    if not files.is_dir(f"{path}/bin") or files.is_link(f"{path}/bin"):
        return JAIL_KB if files.exists(f"{path}/etc") else 20
    extra = PORTS_KB if files.exists(f"{path}/usr/ports") else 0
    extra += SOURCES_KB if files.exists(f"{path}/usr/src/Makefile") else 0
    return BASEJAIL_KB + extra


def disk_used(machine: Machine) -> int:
    """Give what is taken of the whole disk, in KiB."""
    return min(machine.spec.disk_kb, HOST_KB + sum(used_below(machine).values()))


def space_of(machine: Machine, mount: Mount) -> Space:
    """Give a file system's room.

    Args:
        machine: the host; when it was told that its disk is full, nothing is left on it.
        mount: one of its file systems.
    """
    if mount.fstype in {"devfs", "fdescfs"}:
        return Space(1, 1, 0)
    if mount.fstype == "procfs":
        return Space(4, 4, 0)
    if machine.spec.pool:
        return _dataset(machine, mount.device.replace("/usr/jails", f"{machine.spec.pool}/ezjail", 1))
    total = machine.spec.disk_kb
    used = total if machine.faults.disk_full else disk_used(machine)
    return Space(total, used, max(0, int(total * (1 - RESERVED)) - used))


def _dataset(machine: Machine, name: str) -> Space:
    """Give a mounted dataset's room: what it takes itself, and what the pool has left for all."""
    used = dataset_used(machine, name)
    free = 0 if machine.faults.disk_full else max(0, machine.spec.disk_kb - disk_used(machine))
    return Space(used + free, used, free)


def dataset_used(machine: Machine, name: str) -> int:
    """Give what a dataset itself takes, in KiB."""
    if name.endswith("/ROOT/default"):
        return HOST_KB
    last = name.rpartition("/")[2]
    if last in {"basejail", "newjail", "fulljail"} or machine.kernel.jail(last):
        return BASEJAIL_KB if last == "basejail" else JAIL_KB
    return used_below(machine).get(last, 96)
