"""sysctl answers as sysctl(8): names, nodes, statuses that count failures, values that may be set."""

from __future__ import annotations

from dataclasses import replace

import pytest

from apps.simulator import oids
from tests.simulator.machines import PLAIN, make, play


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    spec = replace(PLAIN, rc_conf={"gateway_enable": "YES"}, booted_at=1795487192.055891)
    return make(tmp_path_factory.mktemp("sysctl"), spec)


@pytest.mark.parametrize(
    ("line", "stdout"),
    [
        ("kern.ostype", "kern.ostype: FreeBSD\n"),
        ("-n kern.ostype hw.ncpu", "FreeBSD\n4\n"),
        ("-e kern.osrelease", "kern.osrelease=13.2-RELEASE\n"),
        ("-ne kern.osreldate", "1302001\n"),
        ("-N hw.ncpu hw.physmem", "hw.ncpu\nhw.physmem\n"),
        ("-n kern.boottime", "{ sec = 1795487192, usec = 55891 } Tue Nov 24 02:26:32 2026\n"),
        ("-n net.inet.ip.forwarding net.inet6.ip6.forwarding", "1\n0\n"),
        ("-ie kern.no.such hw.pagesize", "hw.pagesize=4096\n"),
        ("kern.features", "kern.features.racct: 1\nkern.features.rctl: 1\nkern.features.vimage: 1\n"),
        ("security.jail.list", ""),
        ("-n security.jail.jailed", "0\n"),
    ],
)
def test_values_are_printed(machine, line, stdout):
    done = play(machine, f"sysctl {line}")
    assert (done.status, done.stdout, done.stderr) == (0, stdout, "")


@pytest.mark.parametrize(
    ("line", "status", "stderr"),
    [
        (
            "a.b c.d hw.ncpu e",
            3,
            "sysctl: unknown oid 'a.b'\nsysctl: unknown oid 'c.d'\nsysctl: unknown oid 'e'\n",
        ),
        ("-q a.b", 1, ""),
        ("-i a.b", 0, ""),
        ("hw.ncpu=9", 1, "sysctl: oid 'hw.ncpu' is read only\n"),
        ("kern.features=1", 1, "sysctl: oid 'kern.features' isn't a leaf node\n"),
        ("net.inet.ip.forwarding=many", 1, "sysctl: invalid integer 'many'\n"),
        ("net.inet.ip.forwarding=", 1, "sysctl: empty numeric value\n"),
        (
            "kern.racct.enable=0",
            1,
            (
                "sysctl: oid 'kern.racct.enable' is a read only tunable\n"
                "sysctl: Tunable values are set in /boot/loader.conf\n"
            ),
        ),
        ("kern.securelevel=-2", 1, "sysctl: kern.securelevel=-2: Operation not permitted\n"),
    ],
)
def test_failures_are_counted_and_explained(machine, line, status, stderr):
    done = play(machine, f"sysctl {line}")
    assert (done.status, done.stderr) == (status, stderr)


def test_usage_is_status_1(machine):
    done = play(machine, "sysctl")
    assert done.status == 1
    assert done.stderr.startswith("usage: sysctl ")


def test_a_value_is_set_until_the_next_boot(tmp_path):
    machine = make(tmp_path, PLAIN)
    assert play(machine, "sysctl net.inet.ip.forwarding=1").stdout == "net.inet.ip.forwarding: 0 -> 1\n"
    assert play(machine, "sysctl -n net.inet.ip.forwarding").stdout == "1\n"
    machine.reboot()
    assert play(machine, "sysctl -n net.inet.ip.forwarding").stdout == "0\n"


def test_a_node_of_ipfw_is_there_only_with_its_module(tmp_path):
    machine = make(tmp_path, replace(PLAIN, modules=()))
    assert play(machine, "sysctl -ie net.inet.ip.fw").stdout == ""
    assert play(machine, "sysctl net.inet.ip.fw").stderr == "sysctl: unknown oid 'net.inet.ip.fw'\n"


def test_zfs_shows_only_with_its_module(tmp_path):
    machine = make(tmp_path, replace(PLAIN, pool="zroot"))
    assert play(machine, "sysctl -n vfs.zfs.version.spa").stdout == "5000\n"
    assert "security.jail.param.allow.mount.zfs\n" in play(machine, "sysctl -N security.jail.param").stdout


def test_the_load_rises_with_the_processes_in_jails(machine):
    quiet = oids.loads(machine)
    assert all(0 < load < 1 for load in quiet)
