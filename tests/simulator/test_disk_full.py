"""What ezjail and rc leave and say when the disk is full; reference ezjail.md §11, and how sh behaves."""

from __future__ import annotations

import pytest

from apps.simulator.provision import _drive
from tests.simulator.machines import OBSOLETE, READY, call_of, done, ezjail, make

WWW = "create www 'lo1|10.0.0.2/24'"
CONTROL = "/usr/local/etc/ezjail"
FULL = "No space left on device"


@pytest.fixture
def machine(tmp_path):
    machine = make(tmp_path, READY)
    done(machine, "create db 'lo1|10.0.0.3/24'")
    return machine


def filled_when(machine, command, there):
    """Run a command, and fill the disk as soon as a file is there."""
    call = call_of(machine, command)
    work = call.run(call.argv)
    while not machine.files.lexists(there):
        work.send(None)
    machine.faults.disk_full = True
    return _drive(work), call.sink_out.text, call.sink_err.text


def test_a_create_does_not_get_its_root(machine):
    machine.faults.disk_full = True
    result = ezjail(machine, WWW)
    assert (result.status, result.stderr) == (
        1,
        f"mkdir: /usr/jails/www: {FULL}\nError: Could not create jail root mount point /usr/jails/www.\n",
    )


def test_a_create_stops_in_the_copy_and_leaves_a_partial_root(machine):
    status, _out, err = filled_when(machine, f"ezjail-admin {WWW}", "/usr/jails/www/etc")
    assert status == 1
    assert err.splitlines()[-2].startswith("cpio: Can't create '/usr/jails/www/./etc/")
    assert err.splitlines()[-1] == "Error: Could not copy template jail."
    assert machine.files.is_dir("/usr/jails/www")
    assert not machine.files.exists(f"{CONTROL}/www")


def test_a_create_that_fills_the_disk_at_its_end_is_not_registered_and_well(machine):
    status, _out, err = filled_when(machine, f"ezjail-admin {WWW}", "/usr/jails/www/var/tmp")
    assert status == 0
    for path in ("/etc/fstab.www", f"{CONTROL}/www"):
        assert f"/usr/local/bin/ezjail-admin: cannot create {path}: {FULL}\n" in err
        assert not machine.files.exists(path)


def test_a_start_without_room_for_its_configuration_starts_nothing(machine):
    machine.faults.disk_full = True
    result = ezjail(machine, "onestart db")
    assert (result.status, result.stdout) == (1, "Starting jails:.\n")
    assert f"install: /var/run/jail.db.conf: {FULL}\n" in result.stderr
    assert machine.kernel.jails == []


def test_a_start_without_room_for_its_id_file_runs_and_is_not_known_to(machine):
    status, out, err = filled_when(machine, "ezjail-admin onestart db", "/var/run/jail.db.conf")
    assert (status, out) == (1, "Starting jails: db.\n")
    assert err == (
        f"/etc/rc.d/jail: cannot create /var/run/jail_db.id: {FULL}\n{OBSOLETE}"
        "Error: Could not onestart db.\n  You need to onestart it by hand.\n"
    )
    assert machine.kernel.jail("db")
    machine.faults.clear()
    assert ezjail(machine, "list").stdout.splitlines()[2].startswith("DS  N/A")


def test_a_stop_writes_its_configuration_first_and_so_stops_nothing(machine):
    done(machine, "onestart db")
    machine.faults.disk_full = True
    result = ezjail(machine, "onestop db")
    assert (result.status, result.stdout) == (1, "Stopping jails:.\n")
    assert "Error: Could not onestop db.\n" in result.stderr
    assert machine.kernel.jail("db")


def test_a_delete_needs_no_room(machine):
    machine.faults.disk_full = True
    done(machine, "delete -w db")
    assert not machine.files.exists("/usr/jails/db")


def test_a_reboot_with_a_full_disk_comes_up_without_jails(machine):
    machine.faults.disk_full = True
    machine.reboot()
    assert machine.kernel.jails == []
    assert machine.kernel.interface("re0").up
