from __future__ import annotations

import pytest

from tests.simulator.machines import PLAIN, ZFS, make, play


@pytest.fixture
def machine(tmp_path):
    machine = make(tmp_path, PLAIN)
    for path in ("/from", "/to", "/to/below"):
        machine.files.mkdir(path)
    return machine


def test_a_null_mount_is_shown_and_seen(machine):
    machine.files.write_text("/from/file", "x")
    assert play(machine, "mount -t nullfs -o ro /from /to").status == 0
    assert "/from\t\t\t/to\t\t\tnullfs\tro\t\t0 0\n" in play(machine, "mount -p").stdout
    assert "/from on /to (nullfs, read-only)\n" in play(machine, "mount").stdout
    assert machine.files.read_text("/to/file") == "x"
    assert play(machine, "umount /to").status == 0
    assert not machine.files.exists("/to/file")


@pytest.mark.parametrize(
    ("command", "stderr"),
    [
        ("mount -t nullfs /nosuch /to", "mount_nullfs: /nosuch: No such file or directory\n"),
        ("mount -t nullfs /from /nosuch", "mount_nullfs: /nosuch: No such file or directory\n"),
        ("umount /nosuch", "umount: /nosuch: not a file system root directory\n"),
    ],
)
def test_what_is_not_there_is_refused(machine, command, stderr):
    result = play(machine, command)
    assert (result.status, result.stderr) == (1, stderr)


def test_a_mount_with_another_below_it_is_busy_unless_forced(machine):
    play(machine, "mount -t nullfs /from /to")
    machine.files.mkdir("/from/inner")
    play(machine, "mount -t nullfs /from /to/inner")
    assert play(machine, "umount /to").stderr == "umount: unmount of /to failed: Device busy\n"
    assert play(machine, "umount -f /to").status == 0


def test_other_mounts_are_not_pretended(machine):
    assert "simulator" in play(machine, "mount -t tmpfs tmpfs /to").stderr


def test_file_systems_can_be_chosen_by_type(tmp_path):
    machine = make(tmp_path, ZFS, basejail="")
    lines = play(machine, "mount -p -t zfs").stdout.splitlines()
    assert lines[0].split() == ["zroot/ROOT/default", "/", "zfs", "rw", "0", "0"]
    assert all("\tzfs\t" in line for line in lines)


def test_usages_go_to_standard_error(machine):
    assert play(machine, "mount -Z").stderr.endswith("special node\n")
    assert play(machine, "umount").status == 1
