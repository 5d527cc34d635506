"""Addresses: the panel's own are whole and usable; a host's are taken as they are."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.freebsd.errors import InvalidInput
from apps.freebsd.values import InterfaceAddress, JailAddresses, is_private
from tests.freebsd import texts

PRIVATE = [
    "10.0.0.2", "172.16.0.1", "172.31.255.254", "192.168.1.1", "127.0.0.1", "127.0.1.6", "169.254.1.1",
    "100.64.0.1", "100.127.255.254", "::1", "fd00::7", "fc00::1", "fe80::1",
]  # fmt: skip
PUBLIC = [
    "192.0.2.10", "198.51.100.1", "203.0.113.1", "8.8.8.8", "172.32.0.1", "172.15.0.1", "100.63.0.1",
    "100.128.0.1", "192.169.0.1", "2001:db8::1", "2606:4700::1", "198.18.0.1", "11.0.0.1",
]  # fmt: skip


@pytest.mark.parametrize("text", PRIVATE)
def test_private(text):
    assert is_private(ip_address(text))


@pytest.mark.parametrize("text", PUBLIC)
def test_public_and_documentation_ranges_count_as_public(text):
    assert not is_private(ip_address(text))


@pytest.mark.parametrize(
    "text",
    ["lo0|10.0.0.2/24", "re0.10|192.0.2.10/32", "lo1|fd00::7/64", "lo0|10.0.0.0/31", "lo0|10.0.0.1/31"],
)
def test_whole_addresses_survive_a_round_trip(text):
    assert str(InterfaceAddress.parse(text)) == text


@pytest.mark.parametrize(
    "text", ["10.0.0.2", "em0|10.0.0.2", "10.0.0.7/24", "lo1|fd00::7", "lo0|10.0.0.255/24"]
)
def test_what_hosts_have_is_taken_as_it_is(text):
    assert str(InterfaceAddress.parse_observed(text)) == text


def test_netmask_is_read_as_a_prefix():
    assert InterfaceAddress.parse_observed("em0|10.0.0.2/255.255.255.0").prefix == 24


@pytest.mark.parametrize(
    "text",
    [
        "",
        "banana",
        "lo1|banana",
        "10.0.0.2/24 vhid 1",
        "10.0.0.2/255.0.255.0",
        "|10.0.0.2",
        "10.0.0.2/",
        "lo0|fe80::1%lo0",
    ],
)
def test_what_is_no_address_is_none_on_a_host_either(text):
    with pytest.raises(InvalidInput):
        InterfaceAddress.parse_observed(text)


def test_subnet():
    assert InterfaceAddress.parse("lo0|10.0.0.2/24").network == IPv4Network("10.0.0.0/24")
    assert InterfaceAddress.parse("lo0|fd00::7/64").network == IPv6Network("fd00::/64")


def test_address_without_prefix_is_a_subnet_of_its_own():
    assert InterfaceAddress.parse_observed("10.0.0.2").network == IPv4Network("10.0.0.2/32")


@pytest.mark.parametrize(
    ("parts", "field"),
    [
        (("", "10.0.0.2", "24"), "interface"),
        (("lo0", "10.0.0", "24"), "address"),
        (("lo0", "10.0.0.2", ""), "prefix"),
        (("lo0", "10.0.0.2", "0"), "prefix"),
        (("lo0", "fd00::2", "129"), "prefix"),
        (("lo0", "10.0.0.2", "٢٤"), "prefix"),
        (("lo0", "010.0.0.2", "24"), "address"),
        (("lo0", "255.255.255.255", "32"), "address"),
        (("lo0", "0.1.2.3", "8"), "address"),
        (("lo0", "::ffff:10.0.0.2", "64"), "address"),
        (("lo0", "fd00::", "64"), "address"),
        (("lo0", "::", "128"), "address"),
    ],
)
def test_a_refused_part_names_its_field(parts, field):
    with pytest.raises(InvalidInput) as caught:
        InterfaceAddress.from_parts(*parts)
    assert caught.value.field == field


def test_second_address_may_be_public():
    assert not JailAddresses.parse("lo0|10.0.0.3/24,re0|192.0.2.10/24").first_is_public


def test_first_address_that_is_public_is_told():
    assert JailAddresses.parse("re0|192.0.2.10/24,lo0|10.0.0.3/24").first_is_public


def test_first_ipv4_address_is_what_loopback_means_even_behind_an_ipv6_one():
    assert JailAddresses.parse("lo0|fd00::3/64,re0|192.0.2.10/24").first_is_public


def test_public_ipv6_address_behind_a_private_ipv4_one_is_fine():
    assert not JailAddresses.parse("lo0|10.0.0.3/24,re0|2001:db8::3/64").first_is_public


def test_one_address_twice_in_another_spelling_is_refused():
    with pytest.raises(InvalidInput, match="given twice"):
        JailAddresses.parse("lo0|fd00::7/64,re0|FD00:0::7/128")


def test_scope_is_refused_however_an_address_is_made():
    with pytest.raises(InvalidInput, match="no scope"):
        InterfaceAddress(None, ip_address("fe80::1%lo0"), 64)


def test_no_addresses_are_refused_however_they_are_made():
    with pytest.raises(InvalidInput, match="at least one address"):
        JailAddresses(())


def test_addresses_of_a_new_jail_are_whole_however_they_are_made():
    with pytest.raises(InvalidInput, match="interface"):
        JailAddresses((InterfaceAddress.parse_observed("10.0.0.2/24"),))


def test_more_addresses_than_the_agent_passes_on_are_refused():
    many = ",".join(f"lo0|10.0.{i}.{j}/16" for i in range(1, 3) for j in range(1, 200))
    with pytest.raises(InvalidInput, match="at most 2048 characters"):
        JailAddresses.parse(many)


def test_addresses_keep_their_order():
    text = "lo1|10.0.0.3/24,vtnet0|192.0.2.10/24,lo1|fd00::7/64"
    addresses = JailAddresses.parse(text)
    assert str(addresses) == text
    assert [str(item.ip) for item in addresses] == ["10.0.0.3", "192.0.2.10", "fd00::7"]
    assert len(addresses) == 3


@given(texts.anything_hostile())
def test_what_parses_survives_a_round_trip_and_holds_nothing_else(text):
    for parse in (InterfaceAddress.parse, InterfaceAddress.parse_observed, JailAddresses.parse):
        try:
            value = parse(text)
        except InvalidInput:
            continue
        assert parse(str(value)) == value
        assert set(str(value)) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-|/:,")
        assert str(value)[0].isalnum() or str(value)[0] == ":"


@given(ip=st.ip_addresses(), prefix=st.integers(1, 128))
def test_every_address_either_survives_a_round_trip_or_is_refused_with_its_field(ip, prefix):
    made, field = None, ""
    try:
        made = InterfaceAddress.from_parts("lo0", str(ip), str(prefix))
    except InvalidInput as error:
        field = error.field
    if made is None:
        assert field in ("address", "prefix")
        return
    assert InterfaceAddress.parse(str(made)) == made
    assert made.ip in made.network
