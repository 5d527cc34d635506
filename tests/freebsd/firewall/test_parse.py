"""Rules read as ipfw reads them; the captures win over every page."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from apps.freebsd.errors import InvalidInput
from apps.freebsd.firewall.model import Rule, Term
from apps.freebsd.firewall.parse import Problem, parse_rule, parse_rules, parse_written, read_leniently
from apps.freebsd.firewall.printing import rule_text
from tests.freebsd.cases import captured
from tests.freebsd.firewall.rules import typed_rules

_ADD = re.compile(r"ipfw (?:-n )?add (.*)")
_LISTED = re.compile(r"(?:# DISABLED )?(\d{5})( +\d+ +\d+)?(?: \w{3} \w{3} [\d :]{16}| {25})? ((?:set|\D).*)")
CASES = captured("ipfw")


def _added():
    for name, case in CASES.items():
        match = _ADD.fullmatch(case["command"])
        if match and not case["exit_status"]:
            yield pytest.param(match[1].replace("'", ""), case["stdout"].rstrip("\n"), id=name)


def _refused():
    for name, case in CASES.items():
        match = _ADD.fullmatch(case["command"])
        if match and case["exit_status"]:
            yield pytest.param(match[1], id=name)


@pytest.mark.parametrize(("typed", "printed"), list(_added()))
def test_what_is_typed_is_printed_as_the_host_did(typed, printed):
    if "70000" in typed:  # which a host takes for 4464
        with pytest.raises(InvalidInput, match="mean port 4464"):
            parse_rule(typed)
    elif printed.startswith("00800 count"):  # it chose the number
        assert rule_text(parse_rule(typed)) == printed[6:]
    else:
        assert rule_text(parse_rule(typed)) == printed


@pytest.mark.parametrize("typed", list(_refused()))
def test_what_the_host_refused_is_refused_or_marked(typed):
    try:
        rule = parse_rule(typed)
    except InvalidInput:
        return
    else:
        assert rule.unread
        assert rule.unread in typed


def test_every_listed_rule_of_the_captures_is_printed_as_the_host_did():
    count = 0
    for case in CASES.values():
        if case["command"].startswith(("ipfw list", "ipfw show", "ipfw -", "ipfw set", "ipfw add", "printf")):
            for line in case["stdout"].splitlines():
                match = _LISTED.fullmatch(line)
                if match is None:
                    continue
                text = f"{match[1]} {match[3]}"
                rule = parse_rule(text)
                assert not rule.unread
                assert rule_text(rule, with_set=match[3].startswith("set ")) == text
                count += 1
    assert count > 200


@pytest.mark.parametrize(
    ("typed", "printed"),
    [
        ("100 drop all from 10.0.0.5/32 to 0.0.0.0/0", "00100 deny ip from 10.0.0.5 to any"),
        ("allow 6 from any to any", "allow tcp from any to any"),
        ("allow 99 from any to any", "allow 99 from any to any"),
        ("allow ipv6 from any to any", "allow ip6 from any to any"),
        ("allow icmp6 from any to any", "allow ipv6-icmp from any to any"),
        ("allow not tcp from any to any", "allow not tcp from any to any"),
        ("allow ip from 10.1.2.3:255.255.0.0 to any", "allow ip from 10.1.0.0/16 to any"),
        ("allow ip from 10.1.2.3:255.0.255.0 to any", "allow ip from 10.0.2.0:255.0.255.0 to any"),
        ("allow ip from 10.1.2.3:0.0.0.255 to any", "allow ip from 0.0.0.3:0.0.0.255 to any"),
        ("allow ip from 10.0.0.1, 10.0.0.9/24 to any", "allow ip from 10.0.0.1,10.0.0.0/24 to any"),
        ("allow ip from 10.0.0.9/24{3,1,5-9,2} to any", "allow ip from 10.0.0.0/24{1-3,5-9} to any"),
        ("allow ip from 10.0.0.0/24{1,2} to any", "allow ip from 10.0.0.0/24{1,2} to any"),
        ("allow ip from FD00:0:0::5/64 to ::/0", "allow ip from fd00::/64 to any"),
        ("allow ip from fd00::5/128 to me6", "allow ip from fd00::5 to me6"),
        ("allow ip from table(jails,7) to any", "allow ip from table(jails,7) to any"),
        ("allow tcp from any to any dst-port 80", "allow tcp from any to any 80"),
        ("allow tcp from any 1 to any dst-port 2 in", "allow tcp from any 1 to any 2 in"),
        ("allow tcp from any to any 80 dst-port 81", "allow tcp from any to any dst-port 80 dst-port 81"),
        ("allow tcp from any to any { dst-port 80 or in }",
         "allow tcp from any to any { dst-port 80 or in }"),
        ("allow tcp from any to not me not 80", "allow tcp from any to not me not 80"),
        ("allow tcp from any any to any any", "allow tcp from any to any"),
        ("allow tcp from any to any 80-80", "allow tcp from any to any 80"),
        ("allow tcp from any to any ftp\\-data", "allow tcp from any to any 20"),
        ("allow ip from any to any src-ip 10.0.0.1", "allow ip from 10.0.0.1 to any"),
        ("allow ip from any to any dst-ip6 fd00::1", "allow ip from any to fd00::1"),
        ("allow ip from any to any proto udp in", "allow udp from any to any in"),
        ("allow ip from any to any ip4", "allow ip4 from any to any"),
        ("allow tcp from any to any in ip4", "allow ip4 from any to any proto tcp in"),
        ("allow ip from any to any { proto 6 or proto 17 }", "allow { tcp or udp } from any to any"),
        ("allow ip from any to any { proto 6 or in }", "allow ip from any to any { proto tcp or in }"),
        ("allow proto ip4", "allow proto ip4"),
        ("allow in not ip6", "allow in not ip6"),
        ("allow src-ip6 fd00::1", "allow src-ip6 fd00::1"),
        ("allow src-ip fd00::1 dst-ip6 me6", "allow src-ip6 fd00::1 dst-ip6 me6"),
        ("allow ip from any to any ipversion 4", "allow ip from any to any ipver 4"),
        ("allow ip from 10.0.0.0{1,2} to any", "allow ip from 10.0.0.0/24{1,2} to any"),
        ("fwd 10.0.0.2:80 tcp from any to any", "fwd 10.0.0.2,80 tcp from any to any"),
        ("100 // only said", "00100 count // only said"),
        ("allow // everything", "allow // everything"),
        ("allow ip from any to lookup dst-ip jails", "allow ip from any to any lookup dst-ip jails"),
        ("allow tcp from any 1 to any 2 src-port 3 dst-port 4",
         "allow tcp from any to any src-port 1 dst-port 2 src-port 3 dst-port 4"),
        ("count ip from any to any tagged tablearg", "count ip from any to any tagged tablearg"),
        ("allow dst-port 80", "allow dst-port 80"),
        ("allow ip from any to any via any", "allow ip from any to any"),
        ("allow ip from any to any not in", "allow ip from any to any out"),
        ("allow ip from any to any not out", "allow ip from any to any in"),
        ("deny tcp from any to any tcpflags !ack,syn", "deny tcp from any to any setup"),
        ("deny tcp from any to any tcpflgs psh,!fin", "deny tcp from any to any tcpflags !fin,psh"),
        ("deny tcp from any to any estab", "deny tcp from any to any established"),
        ("deny ip from any to any bridged", "deny ip from any to any layer2"),
        ("deny ip from any to any frag !mf,df", "deny ip from any to any frag df,!mf"),
        ("deny icmp from any to any icmptype 8,0,8", "deny icmp from any to any icmptypes 0,8"),
        ("allow ip from any to any uid 0", "allow ip from any to any uid root"),
        ("unreach 1 ip from any to any", "reject ip from any to any"),
        ("unreach 13 ip from any to any", "unreach filter-prohib ip from any to any"),
        ("unreach 99 ip from any to any", "unreach 99 ip from any to any"),
        ("unreach6 1 ip6 from any to any", "unreach6 admin-prohib ip6 from any to any"),
        ("forward FD00::1,80 ip6 from any to any", "fwd fd00::1,80 ip6 from any to any"),
        ("setdscp 10 ip from any to any", "setdscp af11 ip from any to any"),
        ("return next-rulenum ip from any to any", "return ip from any to any"),
        ("check-state // here", "check-state :default // here"),
        ("prob 1 allow ip from any to any", "allow ip from any to any"),
        ("allow log logamount 0 ip from any to any", "allow log ip from any to any"),
        ("allow tag 5 log ip from any to any", "allow log tag 5 ip from any to any"),
        ("allow tcp from any to me setup limit dst-port src-addr 3",
         "allow tcp from any to me setup limit src-addr,dst-port 3 :default"),
        ("allow tcp from any to me limit src-addr,dst-port 3",
         "allow tcp from any to me limit src-addr,dst-port 3 :default"),
        ("allow tcp from any to me keep-state :a out defer-action",
         "allow tcp from any to me out keep-state :a defer-immediate-action"),
        ("allow {tcp or udp } from ( 10.0.0.1 or not 10.0.0.2 ) to any",
         "allow { tcp or udp } from { 10.0.0.1 or not 10.0.0.2 } to any"),
        ("00000 count ip from any to any", "count ip from any to any"),
        ("allow ip from any to any lookup dst-ip jails", "allow ip from any to any lookup dst-ip jails"),
        ("allow ip from any to any // ", "allow ip from any to any"),
        ("allow ip from any to any // a // b", "allow ip from any to any // a // b"),
    ],
)  # fmt: skip
def test_canonical_form(typed, printed):
    rule = parse_rule(typed)
    assert rule_text(rule) == printed
    assert not rule.unread
    assert parse_rule(printed) == rule


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("", "The line ends where an action should stand."),
        ("100", "The line ends where an action"),
        ("70000 allow ip from any to any", "A rule's number is 1 to 65534"),
        ("10a allow ip from any to any", "A rule's number is 1 to 65534"),
        ("set 40 allow ip from any to any", "Sets are 0 to 31"),
        ("prob 2 allow ip from any to any", "A probability"),
        ("prob 0.0000001 allow ip from any to any", "nobody can read back"),
        ("allow ip from not any to any", "`not any` never matches"),
        ("allow not ip from any to any", "`not ip` never matches"),
        ("allow ip from example.org to any", "look a name up once"),
        ("allow ip from 10.1 to any", "is no address"),
        ("allow ip from 10.0.0.1,0.0.0.0/0 to any", "write any instead"),
        ("allow ip from 10.0.0.0/33 to any", "0 to 32"),
        ("allow ip from fd00::1/129 to any", "0 to 128"),
        ("allow ip from fe80::1%em0 to any", "zone"),
        ("allow ip from 10.0.0.0/24{9,300} to any", "not in this network"),
        ("allow ip from 10.0.0.0/16{9} to any", "length 24 to 31"),
        ("allow ip from table(-x) to any", "table(NAME)"),
        ("allow tcp from any to any 80-", "no port and no range"),
        ("allow tcp from any to any 0x50", "no port and no range"),
        ("allow tcp from any to any " + ",".join(map(str, range(31))), "at most 30"),
        ("allow tcp from any to any keep-state keep-state", "Only one of"),
        ("allow tcp from any to any keep-state :any", "names no state"),
        ("allow tcp from any to any limit 4", "by what it counts"),
        ("allow tcp from any to any { in or keep-state }", "or-block"),
        ("allow tcp from { 10.0.0.1 or 10.0.0.2 to any", "not closed"),
        ("allow tcp from 10.0.0.1 or 10.0.0.2 to any", "only in braces"),
        ("allow tcp from any to any in or out", "only in braces"),
        ("allow icmp from any to any icmptypes 32", "0 to 31"),
        ("allow tcp from any to any tcpflags foo", "no flag of tcpflags"),
        ("allow ip from any to any via em0|reboot", "no interface"),
        ("allow ip from any to any via", "The line ends where what via is given"),
        ("skipto 65535 ip from any to any", "1 to 65534"),
        ("nat ip from any to any", "nat needs a number"),
        ("unreach foo ip from any to any", "no ICMP unreachable code"),
        ("fwd any ip from any to any", "no single address"),
        ("check-state in", "Nothing but a comment"),
        ("allow ip4", "`from` is missing"),
        ("allow not ip4 in", "`from` is missing"),
        ("allow ip6 from 10.0.0.1 to any", "the rule is for IPv6"),
        ("allow ip6 from any to { fd00::1 or not 10.0.0.0/24,10.1.0.0/16 }", "the rule is for IPv6"),
        ("check-state :default log", "Nothing but a comment"),
        ("nat 65535 ip from any to any", "1 to 65534"),
        ("return", "stands a protocol"),
        ("allow log log ip from any to any", "said twice"),
        ("allow via any", "stands a protocol"),
        ("allow ip from any to any // " + "ä" * 41, "80 characters"),
    ],
)
def test_refused(typed, sentence):
    with pytest.raises(InvalidInput) as caught:
        parse_rule(typed)
    assert sentence in caught.value.message


@pytest.mark.parametrize("hostile", ["\n", "\r\n", "\0", "\x0b", "\x1b", "\x85", "\u2028", "\xa0", "\ud800"])
def test_one_line_of_printable_characters(hostile):
    for text in [
        f"allow ip from any to any // a{hostile}add 1 deny ip from any to any",
        f"allow ip from any to any{hostile}in",
        f"banana{hostile}b",
        f"{hostile}allow ip from any to any{hostile}x",
    ]:
        with pytest.raises(InvalidInput, match="printable"):
            parse_rule(text)


def test_a_line_that_ipfw_would_take_for_two_is_refused():
    with pytest.raises(InvalidInput, match="another command"):
        parse_rule("banana " + "x" * 4000)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (
            "100 set 5 banana split // two words",
            Rule(100, unread="banana split", set_number=5, comment="two words"),
        ),
        ("allow ip from any to any mac-type 1", Rule(None, unread="allow ip from any to any mac-type 1")),
        ("set 0 set 6 x", Rule(None, unread="set 6 x")),
        ("set 0 5 x", Rule(None, unread="5 x")),
        ("0 5 x", Rule(None, unread="5 x")),
        ("prob 0.5 eaction nptv6 x", Rule(None, unread="prob 0.5 eaction nptv6 x")),
        ("allow ip from { any or me } to any", Rule(None, unread="allow ip from { any or me } to any")),
    ],
)
def test_what_is_not_understood_is_kept_word_for_word(text, rule):
    assert parse_rule(text) == rule
    assert parse_rule(rule_text(rule, with_set=True)) == rule
    assert rule.set_number or parse_rule(rule_text(rule)) == rule


def test_terms_have_the_words_that_others_rely_on():
    rule = parse_rule("400 skipto 700 tcp from 10.0.0.0/24 to any 80 out via em0 setup keep-state")
    assert rule == Rule(
        400,
        action="skipto",
        argument="700",
        proto=(Term("proto", "tcp"),),
        source=(Term("src", "10.0.0.0/24"),),
        destination=(Term("dst", "any"),),
        destination_ports=(Term("dst-port", "80"),),
        options=((Term("out"),), (Term("via", "em0"),), (Term("setup"),)),
        state=Term("keep-state", ":default"),
    )


@settings(max_examples=50)
@given(typed_rules())
@example("allow tcp from any to any { src-port 1 or dst-port 2 } src-port 3")
@example("allow ip from any to any { src-ip 10.0.0.1 or src-ip 10.0.0.2 }")
def test_what_is_printed_reads_back_as_the_same(text):
    rule = parse_rule(text)
    assert not rule.unread
    printed = rule_text(rule, with_set=True)
    assert parse_rule(printed) == rule
    assert rule_text(parse_rule(printed), with_set=True) == printed


@settings(max_examples=50)
@given(st.text(st.characters(codec="utf-8"), max_size=60))
@example("allow ip from any to any // x // y")
@example("set 0 00 x")
@example("0 set 0 0 x")
@example("{")
@example("allow {")
@example("allow ip from {")
def test_any_text_is_refused_or_reads_back_as_the_same(text):
    try:
        rule = parse_rule(text)
    except InvalidInput:
        return
    else:
        assert parse_rule(rule_text(rule, with_set=True)) == rule


def test_many_lines():
    rules, problems = parse_rules(
        "# mine\n\nadd 100 check-state\r\nipfw -q add allow ip from any to any via lo0\n"
        "allow tcp from any to any 70000\n200 banana\n65535 deny ip from any to any\n300 count in # why\n"
    )
    assert [rule_text(rule) for rule in rules] == [
        "00100 check-state :default",
        "allow ip from any to any via lo0",
        "00200 banana",
    ]
    assert [problem.line for problem in problems] == [5, 7, 8]
    assert problems[0] == Problem(5, "Ports end at 65535. ipfw would take 70000 and mean port 4464.")
    assert "default rule" in problems[1].sentence
    assert "#" in problems[2].sentence


def test_the_default_rule_is_read_and_not_written():
    assert parse_rule("65535 deny ip from any to any").number == 65535
    with pytest.raises(InvalidInput, match="default rule"):
        parse_written("65535 deny ip from any to any")


def test_what_a_host_has_is_not_refused():
    rule = read_leniently("00300 set 2 allow ip from example.org to any // why")
    assert rule == Rule(300, unread="allow ip from example.org to any", set_number=2, comment="why")
    assert read_leniently("00100 allow ip from any to any") == parse_rule("100 allow ip from any to any")
    with pytest.raises(InvalidInput):
        read_leniently("00100 allow\nip")
