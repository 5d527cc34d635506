"""A host's firewall out of a probe; what is not understood of it keeps nothing else from counting."""

from __future__ import annotations

import pytest

from apps.freebsd.errors import ParseError
from apps.freebsd.parsers.facts import parse_facts
from apps.freebsd.parsers.firewall import PanelClient, parse_client, parse_firewall
from tests.freebsd.probes import out, whole_probe

RULES = """00010  12  3456 1795487192 set 17 allow tcp from 192.0.2.250 to me 22 in
# DISABLED 00100   0     0          0 set 18 deny ip from any to any
65535   7   420 1795487000 set 31 deny ip from any to any
"""
IPFW = {
    "sysctl": out("net.inet.ip.fw.one_pass=0\nnet.inet.ip.fw.enable=1\n"),
    "ipfw-rules": out(RULES),
    "ipfw-sets": out("disable 18 enable 0 1 2 3\n"),
    "ipfw-nat": out("ipfw nat 123 config ip 203.0.113.10 same_ports\n"),
    "ipfw-tables": out("--- table(jails), set(0) ---\n10.0.0.0/24 0\n"),
    "ipfw-boot": out("disable one_pass\n"),
    "firewall-files": out("ipfw.rules\nnext.rules\n"),
}


def test_all_of_it_is_read():
    found = parse_firewall(IPFW)
    assert [(line.rule.number, line.packets, line.matched_at) for line in found.seen] == [
        (10, 12, 1795487192),
        (100, 0, None),
        (65535, 7, 1795487000),
    ]
    firewall = found.firewall
    assert [rule.number for rule in firewall.rules] == [10, 100]
    assert (firewall.one_pass, firewall.default_allows, firewall.disabled_sets) == (False, False, {18})
    assert [nat.number for nat in firewall.nat] == [123]
    assert firewall.tables[0].entries == (("10.0.0.0/24", "0"),)
    assert (found.has_nat, found.is_enabled, found.boot_text) == (True, True, "disable one_pass\n")
    assert found.files == ("ipfw.rules", "next.rules")


def test_a_host_without_nat_and_kept_rules_has_none():
    bare = IPFW | {"ipfw-nat": out("", 71, "ipfw: x"), "ipfw-boot": out("", 1), "firewall-files": out("")}
    found = parse_firewall(bare)
    assert (found.has_nat, found.firewall.nat, found.boot_text, found.files) == (False, (), None, ())


@pytest.mark.parametrize(
    "changed",
    [
        {"ipfw-rules": out("", 71, "ipfw: retrieving config failed: Protocol not available")},
        {"ipfw-rules": out(RULES.partition("65535")[0])},
        {"ipfw-rules": out("banana\n")},
        {"ipfw-sets": out("banana\n")},
        {"ipfw-tables": out("banana\n")},
    ],
    ids=["fails", "is cut short", "is no rule", "is no set", "is no table"],
)
def test_what_is_not_understood_is_only_a_problem(changed):
    with pytest.raises(ParseError):
        parse_firewall(IPFW | changed)
    shown = {key: part for key, part in (IPFW | changed).items() if key != "sysctl"}
    facts = parse_facts(whole_probe(**shown))
    assert (facts.has_ipfw, facts.firewall) == (True, None)
    assert facts.problems


def test_a_host_without_ipfw_has_no_firewall():
    facts = parse_facts(whole_probe())
    assert (facts.has_ipfw, facts.firewall, facts.problems) == (False, None, ())


@pytest.mark.parametrize(
    ("said", "client"),
    [
        ("192.0.2.250 50000 22\n", PanelClient("192.0.2.250", 22)),
        ("2001:DB8::1 50000 2222\n", PanelClient("2001:db8::1", 2222)),
        ("\n", None),
        ("banana 1 22\n", None),
        ("192.0.2.250 50000 70000\n", None),
    ],
)
def test_where_the_panel_comes_from(said, client):
    assert parse_client({"client": out(said)}) == client
