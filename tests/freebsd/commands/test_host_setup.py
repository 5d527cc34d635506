"""What makes a host one that ezjail can run on: exact calls, and nothing else gets into them."""

from __future__ import annotations

from ipaddress import ip_interface

import pytest

from apps.freebsd.commands import host_setup
from apps.freebsd.errors import InvalidInput

FOUR = ip_interface("10.0.0.1/24")


@pytest.mark.parametrize(
    ("command", "argv", "undo"),
    [
        (
            host_setup.bootstrap_pkg(),
            ("/usr/bin/env", "ASSUME_ALWAYS_YES=yes", "/usr/sbin/pkg", "bootstrap"),
            None,
        ),
        (
            host_setup.install_ezjail(),
            ("/usr/sbin/pkg", "install", "-y", "ezjail"),
            "/usr/sbin/pkg delete -y ezjail",
        ),
        (
            host_setup.clone_at_boot("lo1"),
            ("/usr/sbin/sysrc", "cloned_interfaces+=lo1"),
            "/usr/sbin/sysrc cloned_interfaces-=lo1",
        ),
        (
            host_setup.add_address("lo1", FOUR),
            ("/sbin/ifconfig", "lo1", "inet", "10.0.0.1/24", "alias"),
            "/sbin/ifconfig lo1 inet 10.0.0.1 -alias",
        ),
        (
            host_setup.keep_address("ifconfig_lo1", FOUR),
            ("/usr/sbin/sysrc", "ifconfig_lo1=inet 10.0.0.1/24"),
            "/usr/sbin/sysrc -x ifconfig_lo1",
        ),
        (
            host_setup.enable_zfs("it's"),
            ("/usr/sbin/sysrc", "zfs_enable=YES"),
            "/usr/sbin/sysrc 'zfs_enable=it'\"'\"'s'",
        ),
    ],
)
def test_calls_are_exact(command, argv, undo):
    assert (command.argv, command.undo) == (argv, undo)


def test_other_interfaces_get_aliases_and_keep_their_main_address():
    assert host_setup.add_address("em0", FOUR).argv[1:] == ("em0", "inet", "10.0.0.1/24", "alias")
    assert host_setup.keep_address("ifconfig_em0_alias7", FOUR).argv[1].startswith("ifconfig_em0_alias7=")
    for refused in ("ifconfig_em0", "ifconfig_em0_ipv6", "ifconfig_em0_alias07", "ifconfig_em0_x_alias0"):
        with pytest.raises(InvalidInput):
            host_setup.keep_address(refused, FOUR)
    for build in (host_setup.clone_at_boot, host_setup.create_interface):
        with pytest.raises(InvalidInput):
            build("em0")


@pytest.mark.parametrize(
    "name", ["lo", "lo01", "re", "re0.10", "lo1 lo2", "-l", "lo1;id", "lo1\n", "lo1\0", "$(id)", ""]
)
def test_no_other_interface_gets_into_a_call(name):
    for build in (host_setup.clone_at_boot, host_setup.create_interface):
        with pytest.raises(InvalidInput):
            build(name)
    with pytest.raises(InvalidInput):
        host_setup.add_address(name, FOUR)
    with pytest.raises(InvalidInput):
        host_setup.keep_address(f"ifconfig_{name}", FOUR)
