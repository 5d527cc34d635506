"""What a new jail may be called and which addresses it may have, on a host as it was last seen."""

from __future__ import annotations

from ipaddress import ip_address, ip_interface

import pytest

from apps.freebsd.values import InterfaceAddress, JailAddresses, JailName
from apps.jails.rules import PUBLIC_FIRST, HostNetwork, check_addresses, check_name, check_order

NETWORK = HostNetwork(
    interfaces={
        "re0": (ip_interface("192.0.2.1/24"), ip_interface("2001:db8::1/64")),
        "lo0": (
            ip_interface("127.0.0.1/8"),
            ip_interface("10.0.0.1/24"),
            # Of the jail web, which runs: jail(8) has added it.
            ip_interface("10.0.0.2/24"),
        ),
        "lo1": (),
    },
    held={ip_address("10.0.0.2"): "web", ip_address("10.0.0.9"): "db", ip_address("fd00::9"): "db"},
    names={"web": "web", "two_example": "two.example"},
)


def errors(*addresses: str) -> list[tuple[str, str]]:
    return check_addresses(enumerate(map(InterfaceAddress.parse, addresses)), NETWORK).errors


def warnings(*addresses: str) -> list[str]:
    return check_addresses(enumerate(map(InterfaceAddress.parse, addresses)), NETWORK).warnings


# -- names --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["mail", "web2", "two.example.org", "WEB"])
def test_a_name_that_nobody_has_is_fine(name):
    assert check_name(JailName.parse(name), NETWORK) == []


def test_a_name_that_is_taken_is_refused():
    assert check_name(JailName.parse("web"), NETWORK) == [
        ("name", "There is a jail called web on this host already.")
    ]


@pytest.mark.parametrize("name", ["two-example", "two_example"])
def test_a_name_that_ezjail_would_fold_into_another_is_refused_and_told_why(name):
    ((field, words),) = check_name(JailName.parse(name), NETWORK)
    assert field == "name"
    assert words == (
        f"ezjail would take {name} for the jail two.example: it turns everything but letters and digits "
        "into _, and both become two_example."
    )


# -- addresses ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address", ["lo0|10.0.0.3/24", "re0|192.0.2.10/24", "lo1|10.0.0.4/24", "lo0|fd00::2/64"]
)
def test_an_address_that_nobody_has_is_fine(address):
    assert errors(address) == []


@pytest.mark.parametrize(
    ("address", "holder"),
    [
        ("lo0|10.0.0.2/24", "web"),
        ("lo0|10.0.0.9/24", "db"),
        ("re0|10.0.0.9/32", "db"),
        ("lo0|fd00:0::9/64", "db"),
    ],
)
def test_an_address_that_a_jail_has_is_refused_whether_it_runs_or_not(address, holder):
    ip = InterfaceAddress.parse(address).ip
    assert errors(address) == [("address-0", f"The jail {holder} on this host has {ip} already.")]


@pytest.mark.parametrize(
    ("address", "interface"),
    [("lo0|10.0.0.1/24", "lo0"), ("lo0|192.0.2.1/24", "re0"), ("re0|2001:db8::1/64", "re0")],
)
def test_an_address_of_the_host_itself_is_refused_and_told_why(address, interface):
    ip = InterfaceAddress.parse(address).ip
    assert errors(address) == [
        (
            "address-0",
            f"{ip} is the host's own address on {interface}: a jail that stops would take it away.",
        )
    ]


def test_an_interface_that_the_host_does_not_have_is_refused_with_those_that_it_has():
    assert errors("em0|10.0.0.3/24") == [
        ("interface-0", "The host has no interface em0. It has: re0, lo0, lo1.")
    ]


def test_each_complaint_names_its_row():
    found = errors("lo0|10.0.0.3/24", "em0|10.0.0.2/24", "lo0|10.0.0.1/24")
    assert [field for field, _ in found] == ["interface-1", "address-1", "address-2"]


def test_a_host_that_was_not_seen_has_no_interfaces():
    nothing = HostNetwork(interfaces={}, held={}, names={})
    found = check_addresses([(0, InterfaceAddress.parse("lo0|10.0.0.3/24"))], nothing).errors
    assert found == [("interface-0", "The host has no interface lo0. It has: none that was seen.")]


# -- the subnet ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ["lo0|10.0.0.3/24", "re0|192.0.2.10/24", "re0|2001:db8::5/64"])
def test_a_host_with_an_address_in_the_jails_subnet_is_warned_of_nothing(address):
    assert warnings(address) == []


@pytest.mark.parametrize("address", ["lo0|10.9.9.9/32", "re0|2001:db8:9::9/128"])
def test_an_address_alone_needs_no_subnet(address):
    assert warnings(address) == []


@pytest.mark.parametrize(
    ("address", "subnet", "advice"),
    [
        ("lo1|10.1.0.7/24", "10.1.0.0/24", "ifconfig lo1 inet 10.1.0.1/24 alias"),
        ("lo1|10.1.0.1/24", "10.1.0.0/24", "ifconfig lo1 inet 10.1.0.2/24 alias"),
        ("lo0|fd00::2/64", "fd00::/64", "ifconfig lo0 inet6 fd00::1/64 alias"),
        ("lo0|fd00::1/64", "fd00::/64", "ifconfig lo0 inet6 fd00::2/64 alias"),
        ("lo1|10.1.0.0/31", "10.1.0.0/31", "ifconfig lo1 inet 10.1.0.1/31 alias"),
    ],
)
def test_a_host_without_an_address_in_the_subnet_is_warned_with_what_to_add(address, subnet, advice):
    assert warnings(address) == [
        f"The host has no address of its own in {subnet}: add one, for example with “{advice}”."
    ]


def test_an_address_that_the_host_has_for_a_jail_is_none_of_its_own():
    """web stops, and the host would be without an address in the subnet."""
    only_webs = HostNetwork({"lo1": (ip_interface("10.2.0.2/24"),)}, {ip_address("10.2.0.2"): "web"}, {})
    found = check_addresses([(0, InterfaceAddress.parse("lo1|10.2.0.3/24"))], only_webs)
    assert found.errors == []
    assert "ifconfig lo1 inet 10.2.0.1/24 alias" in found.warnings[0]


def test_what_is_advised_is_no_jails_address():
    network = HostNetwork({"lo1": ()}, {ip_address("10.2.0.1"): "web", ip_address("10.2.0.2"): "db"}, {})
    found = check_addresses([(0, InterfaceAddress.parse("lo1|10.2.0.3/24"))], network)
    assert "ifconfig lo1 inet 10.2.0.4/24 alias" in found.warnings[0]


def test_what_is_advised_is_no_address_of_the_new_jail_itself():
    assert all("10.1.0.2/24" in warning for warning in warnings("lo1|10.1.0.7/24", "lo1|10.1.0.1/24"))


def test_a_subnet_without_a_free_address_is_said_to_be_full():
    network = HostNetwork({"lo1": ()}, {ip_address("10.2.0.1"): "web"}, {})
    found = check_addresses([(0, InterfaceAddress.parse("lo1|10.2.0.2/30"))], network)
    assert found.warnings == ["The host has no address of its own in 10.2.0.0/30, and jails have all of it."]


# -- private goes first -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("addresses", "is_fine"),
    [
        ("lo0|10.0.0.3/24", True),
        ("lo0|10.0.0.3/24,re0|192.0.2.10/24", True),
        ("lo0|fd00::3/64,lo0|10.0.0.3/24", True),
        ("re0|192.0.2.10/24", False),
        ("re0|192.0.2.10/24,lo0|10.0.0.3/24", False),
        ("lo0|fd00::3/64,re0|192.0.2.10/24", False),
        ("re0|2001:db8::3/64,lo0|10.0.0.3/24", False),
    ],
)
def test_a_public_first_address_is_refused_unless_someone_says_why(addresses, is_fine):
    wanted = JailAddresses.parse(addresses)
    assert check_order(wanted, "") == ([] if is_fine else [("public_first", PUBLIC_FIRST)])
    assert check_order(wanted, "It has no services on localhost.") == []


def test_a_reason_of_blanks_is_none():
    assert check_order(JailAddresses.parse("re0|192.0.2.10/24"), " \t ") == [("public_first", PUBLIC_FIRST)]


def test_the_refusal_says_what_127_0_0_1_means_in_a_jail():
    assert "Inside a jail 127.0.0.1 means its first address" in PUBLIC_FIRST
