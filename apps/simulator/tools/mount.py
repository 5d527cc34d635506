"""mount(8) and umount(8): what is mounted where; null mounts can be made and taken away.

Source: reference jail-tools.md; captures/jail.json (mounts).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.simulator.getopt import BadOption, getopt
from apps.simulator.state import Mount
from apps.simulator.tools.registry import tool

if TYPE_CHECKING:
    from apps.simulator.call import Call
    from apps.simulator.machine import Machine

USAGE = """usage: mount [-adflpruvw] [-F fstab] [-o options] [-t ufs | external_type]
       mount [-dfpruvw] special | node
       mount [-dfpruvw] [-o options] [-t ufs | external_type] special node"""
UMOUNT_USAGE = """usage: umount [-dfNnv] special ... | node ... | fsid ...
       umount -a | -A [-F fstab] [-fnv] [-h host] [-t type]"""
_TEXTS = {"ro": "read-only"}
_TRAITS = {"ufs": ["local", "soft-updates", "journaled soft-updates"], "zfs": ["local", "nfsv4acls"]}


@tool("/sbin/mount")
async def mount(call: Call) -> int:
    """Play mount: a table without operands, a null mount with two of them."""
    try:
        found, operands = getopt(call.args, "adF:flLno:prt:uvw")
    except BadOption as bad:
        return await call.fail(f"{bad.text('mount')}\n{USAGE}")
    options = dict(found)
    if len(operands) == 2 and options.get("t") == "nullfs":
        given = [word for word in options.get("o", "").split(",") if word and word != "rw"]
        return await mount_null(call, operands[0], operands[1], given)
    if operands or "a" in options:
        return await call.fail("mount: the simulator mounts nothing but -t nullfs", 64)
    kinds = options["t"].split(",") if "t" in options else None
    for item in call.machine.kernel.mounts:
        if kinds is None or item.fstype in kinds:
            await call.out(fstab_line(item) if "p" in options else _line(item))
    return 0


def fstab_line(item: Mount) -> str:
    """Print a mount as `mount -p` does: tabs up to the next column, a space behind what is too long."""
    opts = ",".join(item.options) or "rw"
    tail = "\t" if not item.options or len(opts) < 8 else " "
    return (
        f"{_column(item.device)}{_column(item.point)}{item.fstype}\t{opts}{tail}\t{item.dump} {item.passno}\n"
    )


def _column(text: str) -> str:
    if len(text) >= 24:
        return f"{text} "
    return text + "\t" * (1 + (len(text) < 16) + (len(text) < 8))


def _line(item: Mount) -> str:
    words = [item.fstype, *_TRAITS.get(item.fstype, []), *(_TEXTS.get(word, word) for word in item.options)]
    return f"{item.device} on {item.point} ({', '.join(words)})\n"


async def mount_null(call: Call, source: str, point: str, options: list[str]) -> int:
    """Mount one directory over another, as mount_nullfs(8) does.

    Args:
        call: takes what goes wrong.
        source: the directory to be seen.
        point: the directory where it is to be seen.
        options: without "rw".

    Returns:
        0, or 1 with a complaint on standard error.
    """
    for path in (point, source):
        if not call.machine.files.is_dir(path):
            return await call.fail(f"mount_nullfs: {path}: No such file or directory")
    if any(item.point == point and item.device == source for item in call.machine.kernel.mounts):
        return await call.fail(f"mount_nullfs: {source}: Resource deadlock avoided")
    call.machine.mount(Mount(source, point, "nullfs", options))
    return 0


@tool("/sbin/umount")
async def umount(call: Call) -> int:
    """Play umount: each operand is a mount point or a device."""
    try:
        found, operands = getopt(call.args, "AaF:fh:Nnt:v")
    except BadOption as bad:
        return await call.fail(f"{bad.text('umount')}\n{UMOUNT_USAGE}")
    if not operands:
        return await call.fail(UMOUNT_USAGE)
    force = any(letter == "f" for letter, _value in found)
    results = [await unmount(call, name, force=force) for name in operands]
    return max(results)


async def unmount(call: Call, name: str, *, force: bool = False) -> int:
    """Take the last mount at a point (or of a device) away."""
    item = _find(call.machine, name)
    if item is None:
        return await call.fail(f"umount: {name}: not a file system root directory")
    busy = [other for other in call.machine.kernel.mounted_under(item.point) if other.point != item.point]
    if busy and not force:
        return await call.fail(f"umount: unmount of {item.point} failed: Device busy")
    call.machine.unmount(item)
    return 0


def _find(machine: Machine, name: str) -> Mount | None:
    path = name.rstrip("/") or "/"
    found = [item for item in machine.kernel.mounts if path in {item.point, item.device}]
    return found[-1] if found else None
