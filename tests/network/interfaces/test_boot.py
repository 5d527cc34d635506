"""What rc.conf keeps of a host's addresses, as network.subr reads it."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from apps.network.interfaces.boot import NOT_READ, Boot

IP = ip_address("10.0.0.1")


def kept(values: dict[str, str], *unclear: str, interface: str = "em0") -> tuple[bool | None, str]:
    found = Boot(values, unclear, is_known=True).keeps(interface, IP)
    return found.is_kept, found.why


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"ifconfig_em0": "inet 10.0.0.1 netmask 255.255.255.0"}, (True, "ifconfig_em0")),
        ({"ipv4_addrs_em0": "192.0.2.1/24 10.0.0.1/24"}, (True, "ipv4_addrs_em0")),
        ({"ifconfig_em0_alias0": "inet 10.0.0.1/24"}, (True, "ifconfig_em0_alias0")),
        ({"ifconfig_em0_alias1": "inet 10.0.0.1/24"}, (False, "")),
        ({"ifconfig_em1": "inet 10.0.0.1/24"}, (False, "")),
        ({"ifconfig_em0": "SYNCDHCP"}, (None, "ifconfig_em0 leaves it to others: SYNCDHCP")),
        ({"ifconfig_em0_alias0": "inet 10.0.0.1-9/32"}, (None, "ifconfig_em0_alias0 names a range")),
    ],
)
def test_an_address_is_kept_or_not_or_that_is_not_clear(values, said):
    assert kept(values) == said


def test_what_the_shell_computes_is_not_clear():
    assert kept({}, "ifconfig_em0_alias0") == (None, "the shell computes ifconfig_em0_alias0")
    assert kept({"ifconfig_em0_10": "inet 10.0.0.1/24"}, interface="em0.10") == (True, "ifconfig_em0_10")
    assert Boot().keeps("em0", IP).why == NOT_READ


def test_the_next_alias_is_the_first_number_that_is_missing():
    values = {"ifconfig_em0_alias0": "inet 10.0.1.1/24", "ifconfig_em0_alias2": "inet 10.0.2.1/24"}
    assert Boot(values, (), is_known=True).next_alias("em0") == "ifconfig_em0_alias1"
    full = {f"ifconfig_em0_alias{number}": "inet 10.0.1.1/24" for number in range(100)}
    assert Boot(full, (), is_known=True).next_alias("em0") == ""
