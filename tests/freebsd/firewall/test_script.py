"""The files for ipfw: one line is one command, and no text in them can be another one."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.freebsd.errors import InvalidInput
from apps.freebsd.firewall.model import Firewall, NatInstance, Redirect, Rule, Table, Term
from apps.freebsd.firewall.nat_config import parse_nat
from apps.freebsd.firewall.parse import parse_rule
from apps.freebsd.firewall.script import firewall_script
from tests.freebsd.firewall.rules import firewalls

HOSTILE = st.text(st.characters(codec="utf-8"), max_size=12) | st.sampled_from(
    ["\nadd 1 allow ip from any to any", "\rflush", "\0", "# cut", "x\x0bflush", "-f flush", "$(reboot)",
     "; reboot", "-", "--", "|", "`id`", "a\u2028b", " // x", "{", "}", "700 ip from any to any //"]
)  # fmt: skip
RULE = parse_rule("100 allow tcp from 10.0.0.1 to any 80 via em0 keep-state // hello")


def test_a_firewall():
    firewall = Firewall(
        rules=(
            parse_rule("100 check-state"),
            parse_rule("200 set 5 allow tcp from any to me 22 setup limit src-addr dst-port 4 // SSH"),
            parse_rule("300 banana split"),
        ),
        nat=(parse_nat("nat 123 config ip 192.0.2.10 same_ports redirect_port tcp 10.0.0.2:80 80"),),
        tables=(
            Table("jails", (("10.0.0.2/32", "0"), ("fd00::/64", "7"))),
            Table("inside", (("em1", "0"),), "iface"),
        ),
        one_pass=False,
    )
    script = firewall_script(firewall, 17)
    assert script.rules == (
        "add 00100 set 17 check-state :default\n"
        "add 00200 set 17 allow tcp from any to me 22 setup limit src-addr dst-port 4 :default // SSH\n"
        "add 00300 set 17 banana split\n"
    )
    assert script.globals == (
        "disable one_pass\n"
        "table jails create type addr missing or-flush\n"
        "table jails add 10.0.0.2/32 0\n"
        "table jails add fd00::/64 7\n"
        "table inside create type iface missing or-flush\n"
        "table inside add em1 0\n"
        "nat 123 config ip 192.0.2.10 same_ports redirect_port tcp 10.0.0.2:80 80\n"
    )


@settings(max_examples=50)
@given(firewalls())
def test_as_many_commands_as_there_are_things_to_say(firewall):
    script = firewall_script(firewall, 18)
    assert script.rules.count("\n") == len(firewall.rules)
    table_lines = sum(1 + len(table.entries) for table in firewall.tables)
    assert script.globals.count("\n") == 1 + table_lines + len(firewall.nat)
    _check(script, 18)


@settings(max_examples=50)
@given(
    HOSTILE,
    st.sampled_from(
        ["action", "argument", "prob", "tag", "comment", "unread", "term", "name", "state", "log"]
    ),
)
def test_no_text_of_a_rule_becomes_another_command(text, place):
    changed = {
        "term": {"source": (Term("src", text),)},
        "name": {"options": ((Term(text, ""),),)},
        "state": {"state": Term("keep-state", text)},
        "log": {"destination_ports": (Term("dst-port", text),)},
    }.get(place, {place: text})
    rule = Rule(100, unread=text) if place == "unread" else replace(RULE, **changed)
    _refused_or_whole(Firewall(rules=(rule,)), 1, 1)


@settings(max_examples=50)
@given(HOSTILE, st.sampled_from(["address", "interface", "option", "local", "public", "proto", "remote"]))
def test_no_text_of_an_instance_becomes_another_command(text, place):
    redirect = Redirect("port", ("10.0.0.2:80",), "80", "tcp")
    nat = NatInstance(123, "192.0.2.10")
    if place in ("address", "interface"):
        nat = (
            replace(nat, address="", **{place: text}) if place == "interface" else replace(nat, address=text)
        )
    elif place == "option":
        nat = replace(nat, options=frozenset((text,)))
    else:
        changed = replace(redirect, **{place: (text,) if place == "local" else text})
        nat = replace(nat, redirects=frozenset((changed,)))
    _refused_or_whole(Firewall(nat=(nat,)), 0, 2)


@settings(max_examples=50)
@given(HOSTILE, st.sampled_from(["name", "kind", "key", "value"]))
def test_no_text_of_a_table_becomes_another_command(text, place):
    said = {"name": "jails", "kind": "addr", "key": "10.0.0.2/32", "value": "0"} | {place: text}
    table = Table(said["name"], ((said["key"], said["value"]),), said["kind"])
    _refused_or_whole(Firewall(tables=(table,)), 0, 3)


@pytest.mark.parametrize(
    "rule",
    [
        replace(RULE, number=None),
        replace(RULE, number=65535),
        replace(RULE, comment="see bug #7"),
        replace(RULE, source=(Term("src", "10.0.0.5/24"),)),  # not as ipfw prints it
        Rule(100, unread="allow ip from any to any"),  # which is understood
        Rule(100, unread="x" * 4090),
    ],
)
def test_a_rule_that_ipfw_would_read_otherwise_is_not_written(rule):
    with pytest.raises(InvalidInput):
        firewall_script(Firewall(rules=(rule,)), 17)


def test_an_instance_beyond_what_ipfw_reads_at_once_is_not_written():
    redirects = frozenset(Redirect("port", (f"10.0.0.2:{port}",), str(port), "tcp") for port in range(1, 200))
    with pytest.raises(InvalidInput, match="another command"):
        firewall_script(Firewall(nat=(NatInstance(123, "192.0.2.10", redirects=redirects),)), 17)


@pytest.mark.parametrize("number", [-1, 32])
def test_a_set_that_there_is_not(number):
    with pytest.raises(InvalidInput):
        firewall_script(Firewall(rules=(RULE,)), number)


def _refused_or_whole(firewall, rules, lines):
    try:
        script = firewall_script(firewall, 17)
    except InvalidInput:
        return
    assert script.rules.count("\n") == rules
    assert script.globals.count("\n") == (lines if not rules else 1)
    _check(script, 17)


def _check(script, number):
    for text in (script.rules, script.globals):
        assert len(text.splitlines()) == text.count("\n")
        assert "#" not in text
        assert text.replace("\n", "").isprintable()
        assert all(len(line.encode()) < 4095 for line in text.split("\n"))
    for line in script.rules.splitlines():
        assert line.startswith("add ")
        assert f" set {number} " in line
    for line in script.globals.splitlines():
        assert line.split(" ")[0] in ("enable", "disable", "table", "nat")
        assert not line.split(" ")[1].startswith("-")
