"""ifconfig: with netmasks and with prefixes, and other lines passed over."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.freebsd.errors import ParseError
from apps.freebsd.parsers.ifconfig import parse_ifconfig
from tests.freebsd.cases import captured, cases, check, text_of


@pytest.mark.parametrize("case", cases("parse_ifconfig"))
def test_parse_ifconfig(case):
    check(case, lambda: parse_ifconfig(text_of(case)), ParseError)


def test_netmasks_and_prefixes_say_the_same():
    netmasks, prefixes = (captured("host")[form]["stdout"] for form in ("ifconfig-all", "ifconfig-cidr"))
    assert parse_ifconfig(netmasks) == parse_ifconfig(prefixes)


def test_flags_tell_what_is_up_and_what_is_loopback():
    vtnet0, lo0, pflog0, lo1 = parse_ifconfig(captured("host")["ifconfig-all"]["stdout"])
    assert (vtnet0.is_up, lo0.is_up, pflog0.is_up, lo1.is_up) == (True, True, False, False)
    assert (vtnet0.is_loopback, lo0.is_loopback) == (False, True)


@given(st.text())
def test_any_text_is_read_or_refused(text):
    try:
        parse_ifconfig(text)
    except ParseError:
        return


@given(st.ip_addresses(), st.integers(0, 32))
def test_an_address_is_what_it_was(ip, prefix):
    family = "inet" if ip.version == 4 else "inet6"
    text = f"lo0: flags=8049<UP> metric 0 mtu 16384\n\t{family} {ip}/{prefix}\n"
    assert [str(address) for address in parse_ifconfig(text)[0].addresses] == [f"{ip}/{prefix}"]
