"""zfs and zpool answer for a simulated pool, and refuse what would destroy more than was said."""

from __future__ import annotations

import pytest

from tests.simulator.machines import PLAIN, ZFS, ezjail, make, play


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    made = make(tmp_path_factory.mktemp("zfs"), ZFS)
    assert ezjail(made, "create www 'lo1|10.0.0.2/24'").status == 0
    assert play(made, "zfs snapshot zroot/ezjail/www@first").status == 0
    return made


@pytest.mark.parametrize(
    ("line", "stdout"),
    [
        ("list -Ho name,mountpoint zroot/ezjail/www", "zroot/ezjail/www\t/usr/jails/www\n"),
        ("list -Hpo used,origin,jailed zroot/ezjail/www", "12185600\t-\toff\n"),
        ("list -Ho used,refer zroot/ezjail/www", "11.6M\t11.6M\n"),
        ("list -Ht snapshot -o name,avail zroot/ezjail/www", "zroot/ezjail/www@first\t-\n"),
        ("list -Hrt snapshot -o name zroot/home", ""),
        ("list -o name,mounted zroot/usr", "NAME       MOUNTED\nzroot/usr  no\n"),
        ("get -Ho value mountpoint,type zroot/ezjail", "/usr/jails\nfilesystem\n"),
        ("get -Hp quota zroot/home", "zroot/home\tquota\t0\tdefault\n"),
        ("destroy -nvp zroot/ezjail/www@first", "destroy\tzroot/ezjail/www@first\nreclaim\t12288\n"),
        ("destroy -nv zroot/home", "would destroy zroot/home\n"),
    ],
)
def test_zfs_prints(machine, line, stdout):
    done = play(machine, f"zfs {line}")
    assert (done.status, done.stdout, done.stderr) == (0, stdout, "")


@pytest.mark.parametrize(
    ("line", "stderr"),
    [
        ("list zroot/nosuch", "cannot open 'zroot/nosuch': dataset does not exist\n"),
        ("list -o banana", "bad property list: invalid property 'banana'\n"),
        (
            "destroy zroot",
            (
                "cannot destroy 'zroot': operation does not apply to pools\n"
                "use 'zfs destroy -r zroot' to destroy all datasets in the pool\n"
                "use 'zpool destroy zroot' to destroy the pool itself\n"
            ),
        ),
        ("destroy zroot/home@nope", "could not find any snapshots to destroy; check snapshot names.\n"),
        ("create zroot/home", "cannot create 'zroot/home': dataset already exists\n"),
        ("snapshot zroot/nosuch@x", "cannot open 'zroot/nosuch': dataset does not exist\n"),
        ("jail nosuch zroot/home", 'jail "nosuch" not found\n'),
    ],
)
def test_zfs_refuses(machine, line, stderr):
    done = play(machine, f"zfs {line}")
    assert (done.status, done.stdout, done.stderr) == (2 if "banana" in line else 1, "", stderr)


def test_a_dataset_with_children_is_not_destroyed(machine):
    done = play(machine, "zfs destroy zroot/ezjail")
    assert done.status == 1
    assert done.stderr.startswith(
        "cannot destroy 'zroot/ezjail': filesystem has children\nuse '-r' to destroy"
    )
    assert "zroot/ezjail/www\n" in done.stderr


def test_datasets_are_made_changed_renamed_and_destroyed(tmp_path):
    machine = make(tmp_path, ZFS)
    for line in (
        "zfs create -p -o mountpoint=/srv/data zroot/data/deep",
        "zfs set jailed=on zroot/data/deep",
        "zfs rename zroot/data/deep zroot/data/new",
        "zfs snapshot -r zroot/data@s",
        "zfs destroy zroot/data/new@s",
    ):
        assert play(machine, line).status == 0, line
    assert play(machine, "zfs get -Ho value,source jailed zroot/data/new").stdout == "on\tlocal\n"
    assert machine.files.is_dir("/srv/data")
    assert play(machine, "zfs destroy -r zroot/data").status == 0
    assert play(machine, "zfs list zroot/data").status == 1


def test_zpool_prints(machine):
    name, size, alloc, free, cap, health = play(
        machine, "zpool list -Hpo name,size,alloc,free,cap,health"
    ).stdout.split("\t")
    assert (name, health) == ("zroot", "ONLINE\n")
    assert int(size) == int(alloc) + int(free)
    assert 0 <= int(cap) <= 100
    assert play(machine, "zpool status -x").stdout == "all pools are healthy\n"
    assert play(machine, "zpool get -Ho value health zroot").stdout == "ONLINE\n"
    assert play(machine, "zpool list tank").stderr == "cannot open 'tank': no such pool\n"


def test_without_the_module_both_say_so(tmp_path):
    machine = make(tmp_path, PLAIN)
    for line in ("zfs list", "zpool list"):
        done = play(machine, line)
        assert done.status == 1
        assert done.stderr.startswith("The ZFS modules are not loaded.\n")
