from __future__ import annotations

import pytest

from apps.simulator import pool
from tests.simulator.machines import ZFS, make

HAS_CHILDREN = (
    "cannot destroy 'zroot/data': filesystem has children\n"
    "use '-r' to destroy the following datasets:\nzroot/data/a\nzroot/data/a/b"
)


@pytest.fixture
def machine(tmp_path):
    machine = make(tmp_path, ZFS, basejail="", ezjail=False)
    pool.create(machine, "zroot/data", {"mountpoint": "/data"})
    pool.create(machine, "zroot/data/a/b", parents=True)
    return machine


def stores(machine):
    return [path.name for path in (machine.folder / pool.STORES).iterdir()]


def test_an_inherited_mount_point_follows_the_name(machine):
    assert machine.files.is_dir("/data/a/b")
    machine.files.write_text("/data/a/b/file", "x")
    pool.rename(machine, "zroot/data/a", "zroot/data/c")
    assert machine.files.read_text("/data/c/b/file") == "x"
    assert not machine.files.exists("/data/a")


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (
            lambda machine: pool.create(machine, "zroot/data"),
            "cannot create 'zroot/data': dataset already exists",
        ),
        (
            lambda machine: pool.create(machine, "zroot/x/y"),
            "cannot create 'zroot/x/y': parent does not exist",
        ),
        (lambda machine: pool.destroy(machine, "zroot/x"), "cannot open 'zroot/x': dataset does not exist"),
        (lambda machine: pool.destroy(machine, "zroot/data"), HAS_CHILDREN),
        (
            lambda machine: pool.destroy(machine, "zroot/data@x"),
            "could not find any snapshots to destroy; check snapshot names.",
        ),
        (
            lambda machine: pool.snapshot(machine, "zroot/x@a"),
            "cannot open 'zroot/x': dataset does not exist",
        ),
        (
            lambda machine: pool.rename(machine, "zroot/data/a", "zroot/home"),
            "cannot rename 'zroot/data/a': dataset already exists",
        ),
        (
            lambda machine: pool.rename(machine, "zroot/data/a", "zroot/x/a"),
            "cannot rename 'zroot/data/a': parent does not exist",
        ),
        (
            lambda machine: pool.send_receive(machine, "zroot/data@x", "zroot/data/a"),
            "cannot open 'zroot/data@x': dataset does not exist\ncannot receive: failed to read from stream",
        ),
    ],
)
def test_refusals_say_what_zfs_says(machine, action, message):
    with pytest.raises(pool.ZfsError) as caught:
        action(machine)
    assert str(caught.value) == message


def test_a_snapshot_keeps_what_was_there(machine):
    machine.files.write_text("/data/a/file", "old", 0o600)
    machine.files.symlink("/basejail/bin", "/data/a/bin")
    pool.snapshot(machine, "zroot/data/a@one")
    machine.files.write_text("/data/a/file", "new")
    pool.send_receive(machine, "zroot/data/a@one", "zroot/data/copy")
    assert machine.files.read_text("/data/copy/file") == "old"
    assert machine.files.lstat("/data/copy/file").st_mode & 0o777 == 0o600
    assert machine.files.readlink("/data/copy/bin") == "/basejail/bin"


def test_what_is_received_replaces_what_was_there(machine):
    machine.files.write_text("/data/a/b/gone", "x")
    pool.snapshot(machine, "zroot/home@empty")
    pool.send_receive(machine, "zroot/home@empty", "zroot/data/a/b")
    assert machine.files.names("/data/a/b") == []


def test_a_snapshots_files_go_with_the_last_one_that_holds_them(machine):
    pool.snapshot(machine, "zroot/data/a@one")
    pool.send_receive(machine, "zroot/data/a@one", "zroot/data/copy")
    pool.destroy(machine, "zroot/data/a@one")
    assert stores(machine) == ["1.cpio"]
    pool.destroy(machine, "zroot/data/copy", recursive=True)
    assert stores(machine) == []


def test_destroying_takes_mounts_and_files(machine):
    machine.files.write_text("/data/a/b/file", "x")
    pool.destroy(machine, "zroot/data", recursive=True)
    assert [item.name for item in machine.kernel.datasets if "data" in item.name] == []
    assert [mount.point for mount in machine.kernel.mounts if mount.point.startswith("/data")] == []
    assert machine.files.names("/data") == []


def test_a_new_mount_point_takes_the_files_along(machine):
    machine.files.write_text("/data/a/b/file", "x")
    pool.set_mountpoint(machine, "zroot/data/a/b", "/elsewhere/b")
    assert machine.files.read_text("/elsewhere/b/file") == "x"
    pool.set_mountpoint(machine, "zroot/data/a/b", "/elsewhere/b")


def test_changes_since_a_snapshot_are_new_and_otherwise(machine):
    for name in ("same", "other", "gone"):
        machine.files.write_text(f"/data/a/{name}", name)
    pool.snapshot(machine, "zroot/data/a@one")
    machine.files.write_text("/data/a/other", "changed")
    machine.files.remove("/data/a/gone")
    machine.files.mkdir("/data/a/new")
    machine.files.write_text("/data/a/new/file", "")
    dataset = pool.find(machine, "zroot/data/a")
    assert pool.changed(machine, dataset, dataset.snapshots[0]) == ["new", "other", "new/file"]
