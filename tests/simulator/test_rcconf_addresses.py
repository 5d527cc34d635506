from __future__ import annotations

import pytest

from apps.simulator.boot import rc_addresses


@pytest.mark.parametrize(
    ("rc", "name", "addresses"),
    [
        ({}, "em0", []),
        ({"ifconfig_em0": "DHCP"}, "em0", []),
        ({"ifconfig_em0": "inet 10.0.0.1/24"}, "em0", ["10.0.0.1/24"]),
        ({"ifconfig_em0": "inet 10.0.0.1 netmask 255.255.255.0"}, "em0", ["10.0.0.1/24"]),
        ({"ifconfig_em0": "inet 10.0.0.1 netmask 0xffffff00"}, "em0", ["10.0.0.1/24"]),
        ({"ifconfig_em0": "inet 10.0.0.1 netmask pear"}, "em0", ["10.0.0.1/32"]),
        ({"ifconfig_em0": "inet pear"}, "em0", []),
        ({"ifconfig_em0_ipv6": "inet6 fd00::1 prefixlen 64"}, "em0", ["fd00::1/64"]),
        (
            {"ifconfig_em0_alias0": "inet 10.0.0.1/32", "ifconfig_em0_alias2": "inet 10.0.0.3/32"},
            "em0",
            ["10.0.0.1/32"],
        ),
        ({"ifconfig_re0_10": "inet 10.1.0.1/24"}, "re0.10", ["10.1.0.1/24"]),
        ({"ipv4_addrs_em0": "10.0.0.1/24 10.0.0.2/32"}, "em0", ["10.0.0.1/24", "10.0.0.2/32"]),
    ],
)
def test_addresses_are_read_from_rc_conf(rc, name, addresses):
    assert rc_addresses(rc, name) == addresses
