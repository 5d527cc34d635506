"""Rules in plain words."""

from __future__ import annotations

import pytest

from apps.freebsd.firewall.model import Rule
from apps.freebsd.firewall.parse import parse_rule
from apps.network.rulesets.saying import rule_words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("allow ip from any to any", "Lets through everything"),
        ("deny tcp from any to me 22 in", "Drops TCP to port 22 of this host coming in"),
        ("allow udp from any 53 to 10.0.0.0/24", "Lets through UDP from port 53 to 10.0.0.0/24"),
        ("deny ip from table(bad) to any", "Drops everything from an address of the table bad"),
        ("deny ip from not 10.0.0.0/24 to any", "Drops everything from not 10.0.0.0/24"),
        ("deny log icmp from any to any icmptypes 8", "Drops ICMP of ICMP type 8 and logs it"),
    ],
)
def test_a_rule_is_said_in_words(text, words):
    assert rule_words(parse_rule(text)) == words


def test_what_is_not_understood_is_said_so():
    assert "kept word for word" in rule_words(Rule(number=5, unread="mystery ip from any to any"))
