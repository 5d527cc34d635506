"""In what two firewalls differ."""

from __future__ import annotations

from dataclasses import replace

import pytest

from apps.freebsd.firewall.model import Table
from apps.network.firewall.drift import differences, in_force
from tests.network.firewall.places import firewall

SSH, WEB, END = (
    "10 allow tcp from 192.0.2.250 to me 22 in",
    "100 allow tcp from any to me 80 in",
    "65000 deny ip from any to any",
)
NAT = "nat 123 config ip 203.0.113.10"
WANTED = firewall(SSH, WEB, END, nat=[NAT], tables=(Table("jails", (("10.0.0.0/24", "0"),)),), one_pass=False)
BY_HAND = firewall("50 deny tcp from any to me 80 in").rules

CHANGES = {
    "typed by hand": (
        replace(WANTED, rules=(*BY_HAND, *WANTED.rules)),
        ["1 rule is in force that nobody wants: “00050 deny tcp from any to me 80 in”."],
    ),
    "gone": (replace(WANTED, rules=WANTED.rules[1:]), [f"1 rule is missing: “000{SSH}”."]),
    "reordered": (replace(WANTED, rules=WANTED.rules[::-1]), ["The rules are in another order."]),
    "twice": (
        replace(WANTED, rules=(*WANTED.rules, WANTED.rules[-1])),
        [f"1 rule is in force that nobody wants: “{END}”."],
    ),
    "NAT": (
        replace(WANTED, nat=firewall(nat=["nat 123 config ip 203.0.113.11", "nat 5 config if re0"]).nat),
        ["NAT instance 123 is missing, or set otherwise.", "NAT instance 5 is there, and nobody wants it."],
    ),
    "a table": (replace(WANTED, tables=()), ["Table jails is missing, or holds other entries."]),
    "one_pass": (replace(WANTED, one_pass=True), ["one_pass is set otherwise."]),
}


@pytest.mark.parametrize("what", CHANGES)
def test_each_difference_is_said(what):
    live, sentences = CHANGES[what]
    assert differences(WANTED, live).sentences == sentences


def test_what_is_the_same_differs_in_nothing():
    tables = (*WANTED.tables, Table("theirs", (("192.0.2.1/32", "0"),)))
    assert not differences(WANTED, replace(WANTED, tables=tables))


def test_of_many_rules_some_are_named():
    rules = tuple(replace(BY_HAND[0], number=number) for number in range(1, 9))
    assert (
        differences(WANTED, replace(WANTED, rules=(*rules, *WANTED.rules)))
        .sentences[0]
        .endswith("and 3 more.")
    )


def test_what_is_in_force_leaves_out_sets_that_are_off_and_set_31():
    def placed(number: int):
        return tuple(replace(rule, set_number=number) for rule in BY_HAND)

    rules = tuple(replace(rule, set_number=17) for rule in WANTED.rules)
    live = replace(WANTED, rules=(*placed(31), *placed(18), *rules), disabled_sets=frozenset({18}))
    assert in_force(live) == WANTED
