"""Each finding of the lint: found where it is, not found where it is not, and mended by what is offered."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings

from apps.freebsd.firewall.article import article
from apps.freebsd.firewall.inputs import FirewallInputs
from apps.freebsd.firewall.lint import Fix, LintContext, Severity, apply_fix, lint
from apps.freebsd.firewall.model import Firewall, Table
from apps.freebsd.firewall.nat_config import parse_nat
from apps.freebsd.firewall.parse import parse_rule
from apps.freebsd.firewall.printing import rule_text
from apps.freebsd.firewall.recommended import recommended
from tests.freebsd.firewall.lint_cases import CONTEXT, NAT, PANEL, WORLD, assert_fixed, firewall, found
from tests.freebsd.firewall.rules import firewalls

_DENY_IN = parse_nat("nat 123 config ip 192.0.2.10 deny_in")
_JAILS_OUT = "skipto 700 tcp from 10.0.0.0/24 to any 80 out setup keep-state"
_OWN_OUT = "allow tcp from me to any 80 out setup keep-state"
_NAT_IN = "nat 123 ip4 from any to 192.0.2.10 in"
_NAT_OUT = "700 nat 123 ip4 from 10.0.0.0/24 to not 10.0.0.0/24 out"

_PAST_BY_STATE = """\
50 check-state
100 deny tcp from any to any 80
200 skipto 300 ip from any to any keep-state
300 allow tcp from any to any 80
"""

# code, a text in which it is found at the place, and texts in which it is not; places of the rules
WITH_FIX = [
    (
        "nat-missing",
        f"100 nat 124 {_NAT_IN[8:]}",
        0,
        [f"100 {_NAT_IN}", "100 nat global ip4 from any to any"],
    ),
    (
        "nat-kills-ipv6",
        "100 nat 123 ip from any to any in",
        0,
        [
            "100 nat 123 ip4 from any to any in",
            "100 nat 123 ip from any to 192.0.2.10 in",
            f"100 {_NAT_IN}",
            "100 nat 123 icmp from any to any",
        ],
    ),
    (
        "nat-kills-ipv6",
        "100 nat 123 tcp from any to me in",
        0,
        ["100 nat 123 ip4 from any to me in proto tcp"],
    ),
    ("nat-kills-ipv6", "100 nat 123 ip from not 10.0.0.1 to any", 0, []),
    (
        "nat-kills-ipv6",
        "100 nat 123 via re0",
        0,
        ["100 nat 123 in ip4", "100 nat 123 ip4 from any to any via re0"],
    ),
    (
        "ports-on-ip",
        "100 allow ip from any to any 80",
        0,
        [
            "100 allow { tcp or udp } from any to any 80",
            "100 allow tcp from any to any 80",
            "100 allow dst-port 80",
        ],
    ),
    (
        "ports-on-ip",
        "100 allow ip4 from any 53 to any",
        0,
        ["100 allow ip4 from any to any proto udp src-port 53"],
    ),
    ("table-missing", "100 allow ip from table(web) to any", 0, []),
    ("table-missing", "100 allow ip from any to any lookup dst-ip web", 0, []),
    (
        "skipto-nowhere",
        "100 skipto 300 ip from any to any in\n200 deny ip from any to any",
        0,
        [
            "100 skipto 200 ip from any to any in\n200 deny ip from any to any",
            "100 skipto tablearg ip from any to any",
        ],
    ),
    (
        "skipto-backwards",
        "100 count ip from any to any\n200 skipto 100 ip from any to any in\n300 deny ip from any to any",
        1,
        ["100 call 50 ip from any to any\n200 return ip from any to any"],
    ),
    ("skipto-backwards", "100 skipto 100 ip from any to any in\n300 count ip from any to any", 0, []),
    (
        "unreachable",
        "100 deny ip from any to any\n200 allow tcp from any to me 22",
        1,
        [
            "100 skipto 200 ip from any to any in\n150 deny ip from any to any\n200 allow ip from any to me",
            "100 deny ip from any to any in\n200 allow tcp from any to me 22",
            "100 count ip from any to any\n200 check-state\n300 allow in",
        ],
    ),
    (
        "unreachable",
        "100 skipto 300 ip from any to any\n200 allow tcp from any to me 22\n300 deny ip from any to any",
        1,
        ["100 skipto tablearg ip from any to any\n200 allow in\n300 deny out"],
    ),
    (
        "hidden",
        "100 deny tcp from 10.0.0.0/16 to any\n200 allow tcp from 10.0.5.0/24 to any 80 in",
        1,
        [
            "100 deny tcp from 10.0.0.0/16 to any\n200 allow udp from 10.0.5.0/24 to any 80",
            "100 deny tcp from 10.0.0.0/25 to any\n200 allow tcp from 10.0.0.0/24 to any 80",
            "100 prob 0.5 deny tcp from 10.0.0.0/16 to any\n200 allow tcp from 10.0.5.0/24 to any",
            "100 count tcp from any to any\n200 allow tcp from any to any",
            "100 deny ip from any to any in\n200 allow ip from any to any out",
            "100 deny tcp from any to any keep-state\n200 allow tcp from any to any 80",
            "100 skipto 300 tcp from any to any\n200 deny tcp from any to me\n300 allow tcp from any to me",
            _PAST_BY_STATE,
        ],
    ),
    ("hidden", "100 deny ip from any to any 1-1024\n200 allow udp from any to any 53,80", 1, []),
    ("hidden", "100 deny ip from not 10.0.0.0/8 to any\n200 allow ip from 192.0.2.0/24 to any", 1, []),
    ("hidden", "100 deny ip from me to any\n200 allow ip from 10.0.0.5 to any", 1, []),
    ("hidden", "100 deny ip from any to any in\n200 nat 123 ip4 from any to 192.0.2.10 in recv re0", 1, []),
    (
        "return-without-call",
        "100 return ip from any to any",
        0,
        ["100 call 200 in\n200 return ip from any to any"],
    ),
    (
        "state-without-check",
        f"100 {_OWN_OUT}\n200 {_OWN_OUT}",
        0,
        [f"50 check-state\n100 {_OWN_OUT}", f"50 check-state :any\n100 {_OWN_OUT} :web", "100 check-state"],
    ),
    ("state-without-check", f"50 check-state\n100 {_OWN_OUT} :web", 1, []),
    (
        "nat-behind-check-state",
        f"100 check-state\n200 {_NAT_IN}",
        1,
        [
            f"100 {_NAT_IN}\n200 check-state",
            f"100 check-state\n{_NAT_OUT}",
            f"200 {_NAT_IN}",
            "100 check-state\n200 nat 123 ip4 from 10.0.0.0/24 to any",
        ],
    ),
    (
        "reass-missing",
        f"100 {_NAT_IN}",
        0,
        [f"90 reass ip from any to any in\n100 {_NAT_IN}", _NAT_OUT],
    ),
    ("reass-missing", f"100 {_NAT_IN}\n200 reass ip from any to any in", 0, []),
    (
        "jails-leave-untranslated",
        f"400 {_OWN_OUT}\n400 {_JAILS_OUT}\n{_NAT_OUT}",
        0,
        [
            f"400 {_JAILS_OUT}\n400 {_OWN_OUT}\n{_NAT_OUT}",
            f"400 allow ip from any to any via lo0 keep-state\n400 {_JAILS_OUT}\n{_NAT_OUT}",
            f"400 allow tcp from me to any 25 out setup keep-state\n400 {_JAILS_OUT}",
            f"400 allow tcp from 192.0.2.10 to any 80 out setup keep-state\n400 {_JAILS_OUT}\n{_NAT_OUT}",
            f"400 allow tcp from me 22 to any out keep-state\n400 {_JAILS_OUT}\n{_NAT_OUT}",
        ],
    ),
    ("jails-leave-untranslated", f"400 {_OWN_OUT}\n500 {_JAILS_OUT}", 0, []),
    ("jails-leave-untranslated", f"400 {_OWN_OUT}\n{_NAT_OUT}", 0, []),
]
WITHOUT_FIX = [
    ("not-understood", "100 allow ip from any to any mac-type 1", 0, ["100 allow ip from any to any"]),
    (
        "ports-never-match",
        "100 allow icmp from any to any 80",
        0,
        ["100 allow { icmp or tcp } from any to any 80"],
    ),
    ("jail-number", "100 allow tcp from any to any jail 5", 0, ["100 allow tcp from any to 10.0.0.5"]),
    ("interface-missing", "100 allow in via em9", 0, ["100 allow in via re0", "100 allow in via em*"]),
    (
        "limit-by-several",
        "100 allow tcp from any to me limit src-addr dst-port 4",
        0,
        ["100 allow tcp from any to me limit src-addr 4"],
    ),
    (
        "or-block-misprinted",
        "100 allow ip from any to any { src-ip 10.0.0.1 or in }",
        0,
        [
            "100 allow ip from me to any { src-ip 10.0.0.1 or in }",
            "100 allow ip from any to any { in or via re0 }",
            "100 allow in { src-ip 10.0.0.1 or in }",
        ],
    ),
    (
        "call-without-return",
        "100 call 300 in\n200 return in\n300 count in",
        0,
        ["100 call 200 in\n200 return in", "100 call tablearg in\n200 return in"],
    ),
]


@pytest.mark.parametrize(("code", "text", "place", "others"), WITH_FIX)
def test_found_and_mended(code, text, place, others):
    fw = firewall(text)
    assert [finding.rule for finding in found(fw, code)] == [place]
    fixed = assert_fixed(fw, code)
    assert [rule.number for rule in fixed.rules] == sorted(rule.number for rule in fixed.rules)
    assert all(parse_rule(rule_text(rule, with_set=True)) == rule for rule in fixed.rules)
    for other in others:
        assert not found(firewall(other), code), other


@pytest.mark.parametrize(("code", "text", "place", "others"), WITHOUT_FIX)
def test_found_and_told(code, text, place, others):
    (finding,) = found(firewall(text), code)
    assert (finding.rule, finding.fix) == (place, None)
    for other in others:
        assert not found(firewall(other), code), other


def test_a_comment_that_would_cut_the_line():
    fw = Firewall(rules=(parse_rule("100 allow ip from any to any // see #7"),))
    assert assert_fixed(fw, "cut-off").rules[0].comment == "see 7"
    (finding,) = found(Firewall(rules=(parse_rule("100 banana #7"),)), "cut-off")
    assert finding.fix is None


def test_the_fix_of_a_table_adds_it():
    fixed = assert_fixed(firewall("100 deny ip from table(web,5) to any"), "table-missing")
    assert fixed.tables == (Table("web"),)
    assert not found(fixed, "table-missing")


def test_a_missing_instance_where_there_is_no_other():
    fw = replace(firewall("100 nat 124 ip4 from any to any"), nat=())
    (finding,) = found(fw, "nat-missing")
    assert finding.severity is Severity.ERROR
    assert finding.fix is None


def test_one_pass():
    text = f"100 {_NAT_IN}\n200 allow tcp from any to any 22 in\n{_NAT_OUT}"
    fixed = assert_fixed(firewall(text, one_pass=True), "one-pass-accepts")
    assert not fixed.one_pass
    for other in [
        firewall(text),
        firewall(f"100 {_NAT_IN}\n{_NAT_OUT}", one_pass=True, default_allows=True),
        firewall(f"100 deny ip from any to any\n{_NAT_OUT}", one_pass=True),
    ]:
        assert not found(other, "one-pass-accepts")


def test_deny_in():
    text = f"100 {_NAT_IN}\n{_NAT_OUT}"
    (finding,) = found(firewall(text, _DENY_IN), "deny-in-drops-answers")
    assert (finding.rule, finding.nat) == (0, 123)
    assert "deny_in" not in assert_fixed(firewall(text, _DENY_IN), "deny-in-drops-answers").nat[0].options
    assert not found(firewall(text), "deny-in-drops-answers")
    for out in ["700 nat 123 ip4 from any to any out", "700 nat 123 ip4 from me to any out"]:
        assert not found(firewall(f"100 {_NAT_IN}\n{out}", _DENY_IN), "deny-in-drops-answers")
    assert not found(firewall(_NAT_OUT, _DENY_IN), "deny-in-drops-answers")


@pytest.mark.parametrize(
    ("text", "is_cut"),
    [
        ("", True),
        ("100 allow tcp from any to me 22 in", True),
        ("100 allow tcp from any to me 22 in\n200 allow tcp from me 22 to any out", False),
        ("100 allow tcp from any to me 22 setup keep-state", False),
        ("100 allow tcp from any to me 22 setup", True),
        (f"100 deny ip from {PANEL} to any\n200 allow ip from any to any", True),
        ("100 deny tcp from any to any established\n200 allow ip from any to any", True),
    ],
)
def test_the_panels_own_connection(text, is_cut):
    context = replace(CONTEXT, world=replace(WORLD, panel=PANEL))
    fw = firewall(text)
    assert bool(found(fw, "panel-cut-off", context)) == is_cut
    if is_cut:
        fixed = assert_fixed(fw, "panel-cut-off", context)
        assert rule_text(fixed.rules[0]) == f"00010 allow tcp from {PANEL} to me 22 in"
    assert not found(fw, "panel-cut-off")  # nobody knows where the panel is


def test_the_panel_over_ipv6_and_another_port():
    world = replace(WORLD, panel="2001:db8:1::7", ssh_port=2222)
    fw = firewall("5 deny ip from any to any")
    fixed = assert_fixed(fw, "panel-cut-off", LintContext(world))
    assert [rule.number for rule in fixed.rules] == [5, 5, 5]
    assert "2222" in found(fw, "panel-cut-off", LintContext(world))[0].what
    assert not found(fw, "panel-cut-off", LintContext(replace(world, interfaces=())))


def test_rules_of_sets_that_are_off_do_not_count():
    fw = firewall(
        "100 set 5 deny ip from any to any\n200 allow ip from any to any", disabled_sets=frozenset((5,))
    )
    assert not lint(fw, CONTEXT)


def test_the_worst_comes_first():
    fw = firewall(
        "100 allow in via em9\n200 nat 9 ip from any to any\n300 allow ip from any to any jail 5 in"
    )
    severities = [finding.severity for finding in lint(fw, CONTEXT)]
    assert severities == sorted(severities, key=list(Severity).index)
    assert len(set(severities)) == 3


def test_rules_without_numbers_have_those_that_ipfw_would_give():
    fw = firewall("allow ip from any to any in\nskipto 150 ip from any to any out\n")
    assert [finding.code for finding in lint(fw)] == ["skipto-backwards"]


def test_a_fix_keeps_the_order_of_the_kernel():
    fw = firewall("100 count in\n100 count out\n200 check-state")
    fix = Fix("x", inserted=((1, parse_rule("100 allow in")), (3, parse_rule("300 deny in"))), removed=(2,))
    assert [rule_text(rule) for rule in apply_fix(fw, fix).rules] == [
        "00100 count in",
        "00100 allow in",
        "00100 count out",
        "00300 deny in",
    ]
    assert apply_fix(fw, Fix("x")) == fw


@settings(max_examples=40)
@given(firewalls())
def test_any_firewall_is_looked_at_and_every_fix_gives_another(fw):
    for finding in lint(fw, CONTEXT):
        assert finding.what.endswith(".") or finding.code == "not-understood"
        assert finding.why.endswith((".", ")"))
        if finding.fix is not None:
            assert apply_fix(fw, finding.fix) != fw


def test_nothing_is_wrong_with_nothing():
    assert lint(Firewall()) == ()


def test_generated_sets():
    inputs = FirewallInputs(
        outside="re0",
        public=("192.0.2.10",),
        jail_networks=("10.0.0.0/24",),
        panel_address=PANEL,
        nat=(NAT,),
    )
    context = replace(CONTEXT, world=replace(WORLD, panel=PANEL))
    assert lint(recommended(inputs), context) == ()
    assert {finding.code for finding in lint(article(inputs), context)} == {
        "one-pass-accepts",
        "reass-missing",
    }


def test_a_rule_behind_nat_is_not_hidden_by_what_was_asked_before_it():
    deny, allow = "100 deny ip4 from any to 10.0.0.0/24 in", "300 allow tcp from any to 10.0.0.5 80"
    nat = "200 nat 123 ip4 from any to 192.0.2.10 in"
    assert found(firewall(f"{deny}\n{allow} in"), "hidden")
    assert not found(firewall(f"{deny}\n{nat}\n{allow} in"), "hidden")
    deny, allow = deny.replace(" in", " out"), f"{allow} out"
    assert found(firewall(f"{deny}\n{nat}\n{allow}"), "hidden")


def test_a_rule_that_stands_in_for_the_default_rule_need_not_be_met():
    texts = (
        "100 allow ip from any to any",
        "65534 set 17 deny ip from any to any",
        "65534 deny tcp from any to any",
    )
    firewall = Firewall(rules=tuple(map(parse_rule, texts)))
    assert [one.rule for one in lint(firewall) if one.code == "unreachable"] == [2]
