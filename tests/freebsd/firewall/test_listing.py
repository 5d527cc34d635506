"""What ipfw lists: counters, times, sets that are off."""

from __future__ import annotations

import pytest

from apps.freebsd.errors import ParseError
from apps.freebsd.firewall.listing import SeenRule, parse_rule_list, parse_set_show
from apps.freebsd.firewall.parse import parse_rule
from apps.freebsd.firewall.printing import rule_text
from tests.freebsd.cases import captured

LIST = """\
00001   405   33468 1700000003 set 31 allow tcp from any to me 22
00199     0       0          0 set 0 nat 123 ip from any to 192.0.2.10 in
# DISABLED 00860     7     420 1700000001 set 6 allow ip from any to any // two words

00900     0       0          0 set 0 allow ip from example.org to any
65535 17144 1298824 1700000002 set 31 allow ip from any to any
"""


def test_rules_with_their_counters():
    first, second, disabled, unread, last = parse_rule_list(LIST)
    assert first == SeenRule(parse_rule("1 set 31 allow tcp from any to me 22"), 405, 33468, 1700000003)
    assert second.matched_at is None
    assert disabled.is_disabled
    assert (disabled.rule.set_number, disabled.rule.comment) == (6, "two words")
    assert unread.rule.unread == "allow ip from example.org to any"
    assert last.rule.number == 65535


def test_every_rule_of_the_captures():
    listed = captured("ipfw")["all-sets"]["stdout"].splitlines()
    text = "\n".join(f"{line[:6]}    1     60 1700000000 {line[6:]}" for line in listed)
    assert [rule_text(seen.rule, with_set=True) for seen in parse_rule_list(text)] == listed


def test_nothing_is_listed():
    assert parse_rule_list("") == ()


@pytest.mark.parametrize(
    "line",
    [
        "00001 allow tcp from any to me 22",
        "00001 set 0 allow tcp from any to me 22",
        "ipfw: retrieving config failed: Protocol not available",
        "00001 1 2 3 set 99 allow ip from any to any",
        "00001 1 2 3 set 0 allow ip from any to any\0",
        "00001 1 2",
    ],
)
def test_what_is_no_such_list(line):
    with pytest.raises(ParseError):
        parse_rule_list(line)


@pytest.mark.parametrize(
    ("text", "disabled"),
    [
        (captured("ipfw")["set-show"]["stdout"], set()),
        ("disable 5 enable 0 1 2 3 4 6 7\n", {5}),
        ("disable 5 18 enable 0\n", {5, 18}),
    ],
)
def test_sets_that_are_off(text, disabled):
    assert parse_set_show(text) == disabled


@pytest.mark.parametrize("text", ["", "enabled 0", "disable x enable 0", "ipfw: error"])
def test_what_says_nothing_of_sets(text):
    with pytest.raises(ParseError):
        parse_set_show(text)
