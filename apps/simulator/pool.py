"""What `zfs` does to a simulated machine's datasets, and what it says when it does not.

A dataset's files lie at its mount point in the machine's tree; a snapshot's are in an archive
outside of it. Each refusal is a `ZfsError` with the text that zfs(8) prints.

Source: reference jail-tools.md §9.1, ezjail.md §7 and §11.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from apps.simulator.cpio import Member, pack, read_folder, unpack, write_folder
from apps.simulator.state import Dataset, Mount, Snapshot, mountpoint_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from apps.simulator.machine import Machine

STORES = "snapshots"


class ZfsError(Exception):
    """A zfs command failed; the text is what it prints on standard error, without the last newline."""


def mountpoint(machine: Machine, dataset: Dataset) -> str:
    """Work out where a dataset is to be mounted: its own value, or its parent's and its name."""
    return mountpoint_of(machine.kernel.datasets, dataset)


def find(machine: Machine, name: str, doing: str = "open") -> Dataset:
    """Find a dataset.

    Raises:
        ZfsError: there is none; the text says what could not be done ("open", "rename", …).
    """
    dataset = machine.kernel.dataset(name)
    if dataset is None:
        raise ZfsError(f"cannot {doing} '{name}': dataset does not exist")
    return dataset


def create(
    machine: Machine, name: str, properties: Mapping[str, str] | None = None, *, parents: bool = False
) -> None:
    """Create a file system, make its mount point and mount it (`zfs create [-p] [-o …] name`).

    Args:
        machine: the host.
        name: of the dataset.
        properties: from `-o`, with `mountpoint` among them.
        parents: make what is missing above it, and accept it when it is there.

    Raises:
        ZfsError: it exists, its parent does not, or its mount point is taken.
    """
    if machine.kernel.dataset(name):
        if parents:
            return
        raise ZfsError(f"cannot create '{name}': dataset already exists")
    above = name.rpartition("/")[0]
    if above and parents:
        create(machine, above, parents=True)
    if not above or machine.kernel.dataset(above) is None:
        raise ZfsError(
            f"cannot create '{name}': parent does not exist" if above else f"no such pool '{name}'"
        )
    own = dict(properties or {})
    dataset = Dataset(name, own.pop("mountpoint", ""), machine.now(), mounted=False, properties=own)
    machine.kernel.datasets.append(dataset)
    machine.touch()
    mount(machine, dataset)


def mount(machine: Machine, dataset: Dataset) -> None:
    """Mount a dataset where it belongs; one that belongs nowhere stays unmounted."""
    point = mountpoint(machine, dataset)
    if not point.startswith("/"):
        return
    machine.files.mkdir(point, parents=True)
    dataset.mounted = True
    machine.mount(Mount(dataset.name, point, "zfs"))


def unmount(machine: Machine, dataset: Dataset) -> None:
    """Unmount a dataset.

    Raises:
        ZfsError: something is mounted below it.
    """
    point = mountpoint(machine, dataset)
    for mounted in machine.kernel.mounted_under(point):
        if mounted.fstype != "zfs":
            raise ZfsError(f"cannot unmount '{point}': pool or dataset is busy")
    for mounted in machine.kernel.mounted_under(point):
        if mounted.device == dataset.name:
            machine.unmount(mounted)
    dataset.mounted = False


def children(machine: Machine, name: str) -> list[Dataset]:
    """Give the datasets below one, parents first."""
    return [dataset for dataset in machine.kernel.datasets if dataset.name.startswith(f"{name}/")]


def destroy(machine: Machine, name: str, *, recursive: bool = False) -> None:
    """Destroy a dataset or (with "@" in its name) a snapshot; recursive takes what depends on it, too.

    Raises:
        ZfsError: it is not there, has children or snapshots, or is busy.
    """
    if "@" in name:
        destroy_snapshot(machine, name)
        return
    dataset = find(machine, name)
    below = children(machine, name)
    if not recursive and (below or dataset.snapshots):
        named = [item.name for item in below] or [f"{name}@{item.name}" for item in dataset.snapshots]
        raise ZfsError(
            f"cannot destroy '{name}': filesystem has children\n"
            "use '-r' to destroy the following datasets:\n" + "\n".join(named)
        )
    for item in [*reversed(below), dataset]:
        _destroy_one(machine, item)


def _destroy_one(machine: Machine, dataset: Dataset) -> None:
    point, was_mounted = mountpoint(machine, dataset), dataset.mounted
    unmount(machine, dataset)
    if was_mounted and point != "/":
        _empty(machine, point)
        _drop_mountpoint(machine, dataset, point)
    machine.kernel.datasets.remove(dataset)
    shutil.rmtree(_aside(machine, dataset), ignore_errors=True)
    for item in dataset.snapshots:
        _drop_store(machine, item.store)
    machine.touch()


def snapshot(machine: Machine, name: str) -> None:
    """Take a snapshot `dataset@name`.

    Raises:
        ZfsError: the dataset is not there or has one of this name.
    """
    holder, _, label = name.partition("@")
    dataset = find(machine, holder)
    if any(item.name == label for item in dataset.snapshots):
        raise ZfsError(f"cannot create snapshot '{name}': dataset already exists")
    store = _new_store(machine)
    point = mountpoint(machine, dataset)
    members = read_folder(machine.files.real(point)) if dataset.mounted else []
    (machine.folder / store).write_bytes(pack(members))
    dataset.snapshots.append(Snapshot(label, machine.now(), store))
    machine.touch()


def find_snapshot(machine: Machine, name: str) -> Snapshot | None:
    """Find a snapshot by its full name."""
    holder, _, label = name.partition("@")
    dataset = machine.kernel.dataset(holder)
    return next((item for item in dataset.snapshots if item.name == label), None) if dataset else None


def destroy_snapshot(machine: Machine, name: str) -> None:
    """Destroy one snapshot.

    Raises:
        ZfsError: there is none of this name.
    """
    found = find_snapshot(machine, name)
    if found is None:
        raise ZfsError("could not find any snapshots to destroy; check snapshot names.")
    find(machine, name.partition("@")[0]).snapshots.remove(found)
    _drop_store(machine, found.store)
    machine.touch()


def destroy_snapshots(machine: Machine, name: str) -> None:
    """Destroy the snapshots of one name, of a dataset and of all below it (`zfs destroy -r ds@name`).

    Raises:
        ZfsError: there is none of this name.
    """
    holder, _, label = name.partition("@")
    names = [f"{item.name}@{label}" for item in (find(machine, holder), *children(machine, holder))]
    found = [item for item in names if find_snapshot(machine, item)]
    if not found:
        raise ZfsError("could not find any snapshots to destroy; check snapshot names.")
    for item in found:
        destroy_snapshot(machine, item)


def rollback(machine: Machine, name: str, *, further: bool = False) -> None:
    """Make a dataset what a snapshot of it is.

    Args:
        machine: the host.
        name: of the snapshot.
        further: whether newer snapshots may go (`-r`).

    Raises:
        ZfsError: it is not there, newer ones are in the way, or something is mounted below.
    """
    holder = name.partition("@")[0]
    dataset, found = find(machine, holder), find_snapshot(machine, name)
    if found is None:
        raise ZfsError(f"cannot open '{name}': dataset does not exist")
    newer = dataset.snapshots[dataset.snapshots.index(found) + 1 :]
    if newer and not further:
        listed = "\n".join(f"{holder}@{item.name}" for item in newer)
        raise ZfsError(
            f"cannot rollback to '{name}': more recent snapshots or bookmarks exist\n"
            f"use '-r' to force deletion of the following snapshots and bookmarks:\n{listed}"
        )
    for item in newer:
        destroy_snapshot(machine, f"{holder}@{item.name}")
    point = mountpoint(machine, dataset)
    if dataset.mounted:
        unmount(machine, dataset)
        _empty(machine, point)
        write_folder(stored(machine, found), machine.files.real(point))
        mount(machine, dataset)
    machine.touch()


def send_receive(machine: Machine, source: str, target: str) -> None:
    """Do `zfs send source@snap | zfs receive -F target`: the target becomes what the snapshot is.

    Raises:
        ZfsError: one of them is not there; the text has a line of each end of the pipe.
    """
    found = find_snapshot(machine, source)
    dataset = machine.kernel.dataset(target)
    if found is None:
        raise ZfsError(
            f"cannot open '{source}': dataset does not exist\ncannot receive: failed to read from stream"
        )
    if dataset is None and machine.kernel.dataset(target.rpartition("/")[0]) is None:
        raise ZfsError(f"cannot open '{target.rpartition('/')[0]}': dataset does not exist")
    if dataset is None:
        create(machine, target)
        dataset = find(machine, target)
    point = mountpoint(machine, dataset)
    if dataset.mounted:
        _empty(machine, point)
        write_folder(stored(machine, found), machine.files.real(point))
    dataset.snapshots.append(Snapshot(source.partition("@")[2], machine.now(), found.store))
    machine.touch()


def rename(machine: Machine, old: str, new: str) -> None:
    """Rename a dataset and what is below it; an inherited mount point moves along.

    Raises:
        ZfsError: the old one is not there, the new one is.
    """
    dataset = find(machine, old)
    if machine.kernel.dataset(new):
        raise ZfsError(f"cannot rename '{old}': dataset already exists")
    if machine.kernel.dataset(new.rpartition("/")[0]) is None:
        raise ZfsError(f"cannot rename '{old}': parent does not exist")
    for item in [dataset, *children(machine, old)]:
        before = mountpoint(machine, item)
        unmount(machine, item)
        aside, item.name = _aside(machine, item), new + item.name[len(old) :]
        if aside.exists():
            aside.rename(_aside(machine, item))
        _move(machine, item, before)
    machine.touch()


def set_mountpoint(machine: Machine, name: str, point: str) -> None:
    """Do `zfs set mountpoint=… name`: unmount, change, mount at the new place.

    Raises:
        ZfsError: it is not there or busy.
    """
    dataset = find(machine, name)
    before = mountpoint(machine, dataset)
    if before == point:
        return
    unmount(machine, dataset)
    dataset.mountpoint = point
    _move(machine, dataset, before)
    machine.touch()


def _move(machine: Machine, dataset: Dataset, before: str) -> None:
    """Carry a dataset's files to where it is mounted now, and mount it."""
    after = mountpoint(machine, dataset)
    if after == "none" and before.startswith("/"):
        _put_away(machine, dataset, before)
    elif before == "none" and after.startswith("/"):
        _take_out(machine, dataset, after)
    elif after != before and before.startswith("/") and after.startswith("/"):
        machine.files.mkdir(after.rpartition("/")[0], parents=True)
        if machine.files.is_empty_dir(after):
            machine.files.rmdir(after)
        machine.files.rename(before, after)
        machine.files.mkdir(before)
        _drop_mountpoint(machine, dataset, before)
    mount(machine, dataset)


def _aside(machine: Machine, dataset: Dataset) -> Path:
    """Give the folder beside the machine's tree for the files of a dataset that is mounted nowhere."""
    return machine.folder / "unmounted" / dataset.name.replace("/", "%")


def _put_away(machine: Machine, dataset: Dataset, before: str) -> None:
    place = _aside(machine, dataset)
    place.parent.mkdir(exist_ok=True)
    Path(machine.files.real(before)).rename(place)


def _take_out(machine: Machine, dataset: Dataset, after: str) -> None:
    place = _aside(machine, dataset)
    if place.exists():
        if machine.files.is_empty_dir(after):
            machine.files.rmdir(after)
        place.rename(machine.files.real(after))


def stored(machine: Machine, found: Snapshot) -> list[Member]:
    """Give what a snapshot holds."""
    return unpack((machine.folder / found.store).read_bytes())


def _new_store(machine: Machine) -> str:
    """Find a name for the file that holds a snapshot, below the machine's folder."""
    base = machine.folder / STORES
    base.mkdir(exist_ok=True)
    number = 1 + max((int(path.stem) for path in base.iterdir()), default=0)
    return f"{STORES}/{number}.cpio"


def _drop_store(machine: Machine, store: str) -> None:
    """Remove a snapshot's files unless another snapshot, sent or received, holds the same ones."""
    if not any(item.store == store for dataset in machine.kernel.datasets for item in dataset.snapshots):
        (machine.folder / store).unlink()


def _drop_mountpoint(machine: Machine, dataset: Dataset, point: str) -> None:
    """Remove an empty mount point as unmounting does, which leaves those that were set by hand."""
    if not dataset.mountpoint:
        machine.files.rmdir(point)


def _empty(machine: Machine, point: str) -> None:
    """Remove all below a mount point."""
    for name in machine.files.names(point):
        machine.files.remove_tree(f"{point}/{name}")


def changed(machine: Machine, dataset: Dataset, found: Snapshot) -> list[str]:
    """Give the paths that are new or otherwise than in a snapshot (`zfs diff`: + and M), parents first."""
    before = {member.path: member for member in stored(machine, found)}
    now = read_folder(machine.files.real(mountpoint(machine, dataset)))
    return [member.path for member in now if member.path and _differs(member, before.get(member.path))]


def _differs(member: Member, old: Member | None) -> bool:
    return old is None or (member.mode, member.data) != (old.mode, old.data)
