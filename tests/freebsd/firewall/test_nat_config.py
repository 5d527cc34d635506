"""NAT instances read and written as ipfw does, redirects as a set."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from apps.freebsd.errors import InvalidInput, ParseError
from apps.freebsd.firewall.model import NatInstance, Redirect
from apps.freebsd.firewall.nat_config import nat_text, parse_nat, parse_nats
from tests.freebsd.cases import captured
from tests.freebsd.firewall.rules import nat_texts

CASES = captured("ipfw")
GOOD = [
    name
    for name, case in CASES.items()
    if " config " in case["command"] and "-n" not in case["command"] and not case["exit_status"]
]
REFUSED = [
    "nat-bad-ip",
    "nat-bad-option",
    "nat-bad-id",
    "nat-no-port",
    "nat-range-mismatch",
    "dry-run-nat-bad",
]


@pytest.mark.parametrize("name", GOOD)
def test_what_is_typed_is_what_the_host_printed(name):
    typed, printed = CASES[name]["command"], CASES[name]["stdout"].strip()
    assert parse_nat(typed) == parse_nat(printed)
    assert sorted(nat_text(parse_nat(printed)).split()) == sorted(printed.split()[1:])
    assert parse_nat(nat_text(parse_nat(printed))) == parse_nat(printed)


@pytest.mark.parametrize("name", REFUSED)
def test_what_the_host_refused(name):
    with pytest.raises(InvalidInput):
        parse_nat(CASES[name]["command"].replace(" -n", ""))


def test_what_a_host_shows():
    first, second = parse_nats(CASES["nat-redirects-shown"]["stdout"])
    assert first == NatInstance(123, "192.0.2.10", options=frozenset(("same_ports", "unreg_only")))
    assert second.redirects == {
        Redirect("addr", ("10.0.0.5",), "192.0.2.12"),
        Redirect("port", ("10.0.0.3:8000-8009",), "192.0.2.11:8000-8009", "tcp"),
        Redirect("port", ("10.0.0.2:80",), "80", "tcp"),
    }
    assert parse_nats("") == ()
    with pytest.raises(ParseError):
        parse_nats("ipfw: retrieving config failed")


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        (
            "nat 1 config if em0 redirect_port tcp 10.0.0.2:http 0.0.0.0:8080",
            "nat 1 config if em0 redirect_port tcp 10.0.0.2:80 8080",
        ),
        (
            "nat 1 config ip 192.0.2.1 redirect_port tcp 10.0.0.3:80,10.0.0.2:80 80 203.0.113.1:0",
            "nat 1 config ip 192.0.2.1 redirect_port tcp 10.0.0.2:80,10.0.0.3:80 80 203.0.113.1",
        ),
        (
            "nat 1 config ip 192.0.2.1 redirect_proto 47 10.0.0.3 deny_in",
            "nat 1 config ip 192.0.2.1 deny_in redirect_proto gre 10.0.0.3",
        ),
        ("nat 1 config same_ports", "nat 1 config same_ports"),
        ("nat 1 config if em0 ip 192.0.2.1", "nat 1 config ip 192.0.2.1"),
    ],
)
def test_written_form(typed, written):
    assert nat_text(parse_nat(typed)) == written


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nat",
        "nat 0 config ip 192.0.2.1",
        "nat 70000 config ip 192.0.2.1",
        "nat 1 delete",
        "nat 1 config if -a",
        "nat 1 config if em0;reboot",
        "nat 1 config ip 192.0.2.1 port_range 1-2",
        "nat 1 config ip 192.0.2.1 redirect_port icmp 10.0.0.2:1 1",
        "nat 1 config ip 192.0.2.1 redirect_port tcp 10.0.0.2:1 70000",
        "nat 1 config ip 192.0.2.1 redirect_port tcp 10.0.0.2:nosuch 1",
        "nat 1 config ip 192.0.2.1 redirect_port tcp 10.0.0.2:9-1 9-1",
        "nat 1 config ip 192.0.2.1 redirect_port tcp 10.0.0.2:1-2,10.0.0.3:1-2 1-2",
        "nat 1 config ip 192.0.2.1 redirect_port tcp 10.0.0.2:1,10.0.0.3:2 1-2",
        "nat 1 config ip 192.0.2.1 redirect_port tcp host:1 1",
        "nat 1 config ip 192.0.2.1 redirect_port tcp",
        "nat 1 config ip 192.0.2.1 redirect_addr 10.0.0.2",
        "nat 1 config ip 192.0.2.1 redirect_proto ip 10.0.0.2",
        "nat 1 config ip 192.0.2.1 redirect_proto gre 10.0.0.2,10.0.0.3",
        "nat 1 config ip 192.0.2.1\nnat 2 config ip 192.0.2.2",
        "nat 1 config ip 192.0.2.1\0",
    ],
)
def test_refused(text):
    with pytest.raises(InvalidInput):
        parse_nat(text)


@settings(max_examples=30)
@given(nat_texts())
def test_what_is_written_reads_back_as_the_same(text):
    nat = parse_nat(text)
    assert parse_nat(nat_text(nat)) == nat
    assert nat_text(parse_nat(nat_text(nat))) == nat_text(nat)
