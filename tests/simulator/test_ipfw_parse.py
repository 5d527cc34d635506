"""Rules as they are typed, and as ipfw prints them; what it refuses, and with which words."""

from __future__ import annotations

import pytest

from apps.simulator.ipfw.parse import parse_rule
from apps.simulator.ipfw.printing import rule_line
from apps.simulator.ipfw.refused import Refused
from apps.simulator.ipfw.words import Resolver, Words

NAMES = Resolver(hosts={"www": "10.0.0.9"}, jails={"db": 7})
SAME = """allow ip from any to any
deny log logamount 5 tcp from me to not me 1-1023,8080 out xmit re0
allow { tcp or udp } from any to any { dst-port 53 or src-port 53 }
count ip from { 10.0.0.0/24 or not 10.1.0.0/16 } to table(web,3)
allow ip from 10.0.0.0/24{1,5-9} to any
allow ip from 10.0.0.0:255.0.255.0,10.2.0.0/16 to any
allow ip6 from me6 to 2001:db8::/32,fd00::1
allow ip from any to any { in or recv re* } // either way
allow tcp from any to me 22 limit dst-port 4 :ssh
allow tcp from me to any setup record-state :out defer-immediate-action
prob 0.250000 unreach host-prohib ip from any to any
unreach6 admin-prohib ip6 from any to any
count untag 5 { ip4 or udp } from any to any
check-state :any // of all names
skipto tablearg ip from any to any
nat global ip4 from any to any
fwd 2001:db8::1,80 ip6 from any to any
return ip from any to any
allow not icmptypes 5 in via table(outside)
allow ip from any to any jail 7 uid root tagged 3,5-9 ipttl 1-3 iplen 1500 dscp be,ef
deny tcp from any to any tcpflags !syn,fin,!rst tcpoptions mss,!ts frag mf,offset
allow proto gre via 192.0.2.7
setfib 2 ip from any to any
"""
CHANGED = {
    "pass all from any to any": "allow ip from any to any",
    "drop log 6 from 0.0.0.0/0 ssh to 10.0.0.5/32": "deny log tcp from any 22 to 10.0.0.5",
    "permit ipv6 from any to any": "allow ip6 from any to any",
    "forward 10.1,www tcp from www to any": "fwd 10.0.0.1,80 tcp from 10.0.0.9 to any",
    "unreach 1 ip from any to any": "reject ip from any to any",
    "check-state": "check-state :default",
    "allow ip from any to any via any established via lo0": "allow ip from any to any established via lo0",
    "allow tcp from any to any estab": "allow tcp from any to any established",
    "allow tcp from any to any tcpflags syn,!ack": "allow tcp from any to any setup",
    "allow ip from any to any bridged": "allow ip from any to any layer2",
    "allow tcp from me to any keep-state out": "allow tcp from me to any out keep-state :default",
    "allow ip from any to any src-ip 10.0.0.1 dst-port 80": "allow ip from 10.0.0.1 to any 80",
    "allow tcp from any 80 to any src-port 81": "allow tcp from any to any src-port 80 src-port 81",
    "allow ip from any to any proto tcp": "allow tcp from any to any",
    "allow ip from any to any not out": "allow ip from any to any in",
    "allow ip from any to any !in !via lo0": "allow ip from any to any out not via lo0",
    "allow ip from {10.0.0.1 or 10.0.0.2 } to any": "allow ip from { 10.0.0.1 or 10.0.0.2 } to any",
    "allow ip from not any to 10.0.0.1": "allow ip from any to not 10.0.0.1",
    "allow tcp from any to any 0x50,070000,65537": "allow tcp from any to any 80,28672,1",
    "allow icmp from any to any icmptypes 11,0x8,3": "allow icmp from any to any icmptypes 3,8,11",
    "allow ip from me to any limit all 3": "allow ip from me to any limit all 3 :default",
    "allow ip from 10.0.0.1,0.0.0.0/0 to any": "allow ip from any to any",
    "allow ip from any to any jail db": "allow ip from any to any jail 7",
    "// only words": "count // only words",
    "allow ip4 from any to any via averyveryverylongname0": ("allow ip4 from any to any via averyveryverylo"),
}
REFUSED = {
    "": (64, "missing action"),
    "prob 2 allow ip from any to any": (65, "illegal match prob. 2"),
    "skipto banana ip from any to any": (65, "illegal argument for skipto"),
    "skipto": (64, "missing argument for skipto"),
    "unreach banana ip from any to any": (65, "unknown ICMP unreachable code ``banana''"),
    "check-state :": (65, "Invalid state name :"),
    "fwd 10.0.0.1,x ip from any to any": (65, "illegal forwarding port ``x''"),
    "allow log tag 1 log ip from any to any": (65, "log cannot be specified more than once"),
    "allow tag 1 tag 2 ip from any to any": (64, "tag and untag cannot be specified more than once"),
    "allow tag x ip from any to any": (65, "tag: invalid argument: x"),
    "allow { tcp or banana } from any to any": (65, "invalid protocol ``banana''"),
    "allow ip from": (64, "missing source address"),
    "allow ip from any to": (64, "missing dst address"),
    "allow ip from { 10.0.0.1 to any": (64, 'missing ")"\n'),
    "allow ip from 10.0.0.1 or 10.0.0.2 to any": (65, "invalid OR block"),
    "allow ip from any to any in not !out": (64, 'double "not" not allowed\n'),
    "allow ip from not 0.0.0.0/0 to any": (65, "not any never matches"),
    "allow ip from 10.0.0.0:banana to any": (65, "bad netmask ``banana''"),
    "allow ip from 10.0.0.0/24{300} to any": (65, "addr 300 out of range [0-255]\n"),
    "allow ip from 10.0.0.0/20{3} to any": (65, "invalid set with mask 20\n"),
    "allow ip from table(a to any": (65, "forgotten parenthesis: 'table(a'"),
    "allow ip from table(a;b) to any": (65, "Invalid table name: a;b"),
    "allow ip6 from fd00::/129 to any": (65, "bad width ``129''"),
    "allow ip from any to any via": (64, "recv, xmit, via require interface name or address"),
    "allow ip from any to any via 300.1": (65, "bad ip address ``300.1''"),
    "allow ip from any to any { in or out": None,
    "allow ip from any to any or in": (65, "invalid OR block"),
    "allow ip from any to any in or out": (64, 'invalid "or" block\n'),
    "allow ip from any to any } in": (64, '+missing ")"\n'),
    "allow ip from any to any { keep-state }": (
        64,
        "keep-state or record-state cannot be part of an or block",
    ),
    "allow ip from any to any limit 4": (64, "limit: missing limit mask"),
    "allow ip from any to any keep-state :any": (65, "Invalid state name :any"),
    "allow ip from any to any icmptypes 32": (65, "ICMP type out of range"),
    "allow ip from any to any icmptypes x": (65, "invalid ICMP type"),
    "allow tcp from any to any tcpflags syn,x": (65, "invalid flag x"),
    "allow ip from any to any uid nobody": (65, 'uid "nobody" nonexistent'),
    "allow ip from any to any jail nosuch": (65, 'jail "nosuch" not found'),
    "allow tcp from any to any 80-": (64, "unrecognised option [-1] 80-\n"),
    "allow tcp from any to any 1;reboot": (64, "unrecognised option [-1] 1;reboot\n"),
}


def words_of(text: str, warn=len) -> Words:
    return Words(text.split(), warn, lambda: NAMES)


def printed(text: str) -> str:
    return rule_line(parse_rule(words_of(text))).removeprefix("00000 ")


@pytest.mark.parametrize("text", SAME.splitlines())
def test_what_ipfw_prints_it_reads_again(text):
    assert printed(text) == text


@pytest.mark.parametrize("text", CHANGED)
def test_rules_are_printed_in_one_form(text):
    assert printed(text) == CHANGED[text]
    assert printed(CHANGED[text]) == CHANGED[text] or "src-port 80 src-port 81" in CHANGED[text]


@pytest.mark.parametrize("text", [text for text, refusal in REFUSED.items() if refusal])
def test_what_is_no_rule_is_refused(text):
    with pytest.raises(Refused) as refused:
        printed(text)
    assert (refused.value.status, refused.value.text) == REFUSED[text]


def test_an_or_block_that_is_not_closed_passes():
    assert printed("allow ip from any to any { in or out") == "allow ip from any to any { in or out }"


def test_a_separator_that_is_none_is_warned_of():
    said: list[str] = []
    with pytest.raises(Refused):
        parse_rule(words_of("allow tcp from any to any 80;81", said.append))
    assert said == ["port list: invalid separator <;> in <80;81>"]


def test_several_masks_are_printed_as_ipfw_cannot_read_them():
    typed = "allow tcp from any to me 22 limit dst-port src-addr 4"
    assert printed(typed) == "allow tcp from any to me 22 limit src-addr,dst-port 4 :default"


def test_clauses_are_the_or_blocks():
    rule = parse_rule(words_of("allow { tcp or udp } from me to any in"))
    assert [[test.name for test in clause] for clause in rule.clauses()] == [
        ["proto", "proto"],
        ["src"],
        ["in"],
    ]
