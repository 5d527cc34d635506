"""The leak guard's rule in the database is the rule for new jails."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from apps.accounts.actor import PANEL
from apps.freebsd.values import is_private
from apps.jails.leaks.queries import ADDRESS, FOUR, PRIVATE, leak_list, leak_of
from apps.jails.models import JailAddress
from tests.places import make_jail

NEAR = [IPv4Address(n << 16) for n in range(0x640000 >> 16, 0x10000)] + [
    IPv6Address(n << 112) for n in range(0x10000)
]
IPS = st.one_of(
    st.sampled_from(NEAR),
    st.integers(0, 2**32 - 1).map(IPv4Address),
    st.integers(0, 2**128 - 1).map(IPv6Address),
)


@given(ip=IPS)
@example(ip=IPv6Address("::1"))
@example(ip=IPv6Address("fc::1"))
@example(ip=IPv6Address("::ffff:10.0.0.1"))
def test_the_database_and_the_rule_agree_on_what_is_private(ip):
    assert bool(re.search(PRIVATE, str(ip))) == is_private(ip)
    assert re.search(ADDRESS, str(ip))
    assert bool(re.search(FOUR, str(ip))) == (ip.version == 4)


@pytest.mark.parametrize(
    ("addresses", "leak"),
    [
        ("lo1|10.0.0.2/24,re0|203.0.113.5/24", ""),
        ("re0|203.0.113.5/24,lo1|10.0.0.2/24", "203.0.113.5"),
        ("lo1|fd00::2/64,re0|203.0.113.5/24", "203.0.113.5"),
        ("re0|2001:db8::5/64,lo1|10.0.0.2/24", "2001:db8::5"),
        ("lo1|10.0.0.2/24,re0|2001:db8::5/64", ""),
    ],
)
def test_a_jail_leaks_whose_localhost_is_public(host, addresses, leak):
    jail = make_jail(host, "web", addresses=addresses)
    assert leak_of(jail) == leak
    assert [row.name for row in leak_list(PANEL)] == (["web"] if leak else [])


def test_what_is_no_address_leaks_nothing(host):
    jail = make_jail(host, "odd")
    JailAddress.objects.filter(jail=jail).update(address="$(curl ifconfig.me)")
    assert leak_of(jail) == ""
    assert not leak_list(PANEL)
