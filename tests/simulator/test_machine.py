from __future__ import annotations

import json
from dataclasses import replace

import pytest

from apps.simulator.machine import STATE, Machine
from apps.simulator.network import Interface
from apps.simulator.pool import mountpoint
from apps.simulator.spec import InterfaceSpec
from apps.simulator.state import Mount, Process
from tests.simulator.machines import PLAIN, READY, ZFS, done, ezjail, make, play


def test_a_machine_is_what_it_was_after_it_was_saved(tmp_path):
    machine = make(tmp_path)
    done(machine, "create www 'lo1|10.0.0.2/24'", "onestart www")
    machine.save()
    again = Machine.load(machine.folder)
    assert again.kernel == machine.kernel
    assert again.spec == machine.spec
    assert again.files.read_text("/usr/jails/www/basejail/bin/freebsd-version").count("13.2-RELEASE") == 1


def test_saving_writes_only_what_was_touched(tmp_path):
    machine = make(tmp_path, PLAIN)
    (machine.folder / STATE).unlink()
    machine.save()
    assert not (machine.folder / STATE).exists()
    machine.touch()
    machine.save()
    assert json.loads((machine.folder / STATE).read_text())["spec"]["name"] == "alpha"
    assert [path.name for path in machine.folder.iterdir() if path.name.endswith(".new")] == []


def test_a_second_machine_does_not_take_a_firsts_folder(tmp_path):
    make(tmp_path, PLAIN)
    with pytest.raises(FileExistsError):
        make(tmp_path, PLAIN)


def test_a_new_host_has_what_its_spec_says(tmp_path):
    machine = make(tmp_path, PLAIN, rc_conf={"gateway_enable": "YES"})
    assert machine.hostname == "alpha"
    assert [(item.name, item.addresses[0]) for item in machine.kernel.interfaces] == [
        ("re0", "192.0.2.7/24"),
        ("lo0", "::1/128"),
        ("lo1", "10.0.0.1/24"),
    ]
    assert machine.rc_yes("gateway_enable")
    assert machine.rc_yes("ezjail_enable")
    assert not machine.files.exists("/usr/sbin/freebsd-update")
    assert machine.files.exists("/usr/sbin/jls")


def test_a_host_without_ezjail_has_none_of_it(tmp_path):
    machine = make(tmp_path, PLAIN, ezjail=False)
    assert not machine.files.exists("/usr/local/etc/ezjail.conf")
    assert not machine.files.exists("/usr/local/bin/ezjail-admin")


def test_the_same_spec_makes_the_same_identity(tmp_path):
    one = Machine.create(tmp_path / "one", PLAIN)
    two = Machine.create(tmp_path / "two", PLAIN)
    assert one.spec.hostuuid == two.spec.hostuuid
    assert one.kernel.interfaces == two.kernel.interfaces


def test_a_reboot_ends_jails_and_starts_the_runnable_ones(tmp_path):
    machine = make(tmp_path)
    done(machine, "create on 'lo1|10.0.0.2/24'", "create off 'lo1|10.0.0.3/24'", "config -r norun off")
    done(machine, "create also 'lo1|10.0.0.4/24'", "onestart also", "config -r norun also")
    machine.kernel.booted_at = 1.0
    machine.reboot()
    assert [jail.name for jail in machine.kernel.jails] == ["on"]
    assert machine.files.read_text("/var/run/jail_on.id") == f"{machine.kernel.jails[0].jid}\n"
    assert not machine.files.exists("/var/run/jail_also.id")
    assert machine.kernel.booted_at > 1.0
    assert not machine.kernel.mounted_under("/usr/jails/also")


def test_a_reboot_starts_nothing_when_ezjail_is_not_enabled(tmp_path):
    machine = make(tmp_path, rc_conf={"ezjail_enable": "NO"})
    done(machine, "create www 'lo1|10.0.0.2/24'", "onestart www")
    machine.reboot()
    assert machine.kernel.jails == []


def test_a_reboot_reads_rc_conf_anew(tmp_path):
    machine = make(tmp_path, PLAIN)
    play(machine, "ifconfig lo1 inet 10.0.0.9/24 alias")
    play(machine, "ifconfig lo7 create")
    machine.files.append_text("/etc/rc.conf", 'ifconfig_lo1_alias0="inet 10.0.0.5 netmask 0xffffffff"\n')
    machine.files.append_text("/etc/rc.conf", 'cloned_interfaces="lo1 lo2"\nipv4_addrs_lo2="10.9.0.1/24"\n')
    machine.reboot()
    held = {
        item.name: [text for text in item.addresses if "fe80" not in text]
        for item in machine.kernel.interfaces
    }
    assert held["lo1"] == ["10.0.0.1/24", "10.0.0.5/32"]
    assert held["lo2"] == ["10.9.0.1/24"]
    assert "lo7" not in held


def test_null_mounts_are_seen_after_a_load(tmp_path):
    machine = make(tmp_path, PLAIN)
    machine.files.mkdir("/a")
    machine.files.mkdir("/b")
    machine.files.write_text("/a/file", "x")
    machine.mount(Mount("/a", "/b", "nullfs"))
    machine.save()
    assert Machine.load(machine.folder).files.read_text("/b/file") == "x"


def test_processes_get_numbers_in_order(tmp_path):
    machine = make(tmp_path, PLAIN)
    one, two = machine.spawn(Process(0, 1, "/bin/one")), machine.spawn(Process(0, 1, "/bin/two"))
    assert two.pid == one.pid + 1
    assert machine.kernel.processes[-2:] == [one, two]


def test_a_pool_has_its_datasets_mounted_again_after_a_reboot(tmp_path):
    machine = make(tmp_path, ZFS)
    machine.reboot()
    points = {mount.device: mount.point for mount in machine.kernel.mounts if mount.fstype == "zfs"}
    assert points["zroot/ROOT/default"] == "/"
    assert points["zroot/ezjail/basejail"] == "/usr/jails/basejail"
    assert all(mountpoint(machine, item) == points.get(item.name, "none") for item in machine.kernel.datasets)


def test_an_address_brings_an_interface_up_with_its_link_local_one():
    interface = Interface("vtnet0", 1, "52:54:00:12:34:56")
    interface.add("10.0.2.15/24")
    assert interface.up
    assert interface.addresses == ["10.0.2.15/24", "fe80::5054:ff:fe12:3456/64"]


def test_interfaces_of_several_kinds_come_in_order(tmp_path):
    spec = replace(
        READY, basejail="", interfaces=(InterfaceSpec("igb0"), InterfaceSpec("lo0"), InterfaceSpec("pflog0"))
    )
    machine = Machine.create(tmp_path / "machine", spec)
    assert play(machine, "ifconfig -l").stdout == "igb0 lo0 pflog0\n"
    assert ezjail(machine, "list").status == 0
