"""/etc/rctl.conf: read as rc.d/rctl reads it, and changed without a byte of what others wrote."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.freebsd.limits.actions import Subject
from apps.freebsd.limits.model import LimitRule
from apps.freebsd.limits.rctl_conf import RctlConf
from apps.freebsd.limits.rules import parse_rule, rule_text
from tests.freebsd.limits.generated import rules

PIECES = (
    "# a comment\n", "\n", "   \n", "jail:test:maxproc:deny=77 # by hand\n", "\tjail:a:maxproc:log=1\n",
    "jail:a b\n", "banana\n", "# joined \\\njail:no:maxproc:deny=1\n", "jail:test:nthr:log=1k\tand more",
    "jail:a:pcpu:deny=010\n", "jail:x:maxproc:deny=5\r\n", "ünïcode\x0b\u2028\n", "\\",
)  # fmt: skip
TEXTS = st.lists(st.sampled_from(PIECES), max_size=6).map("".join)
HAND = """\
# our limits
jail:test:maxproc:deny=100   web team, #7
user:root:maxproc:log=1000/process

jail:test2:maxproc:deny=100
jail:test:vmemoryuse:deny=512M
"""
TEST_100 = LimitRule.of_jail("test", "maxproc", "deny", 100)
TEST_120 = LimitRule.of_jail("test", "maxproc", "deny", 120)


@given(TEXTS)
def test_any_text_is_kept_to_the_byte(text):
    conf = RctlConf.parse(text)
    assert conf.text == conf.edited().text == text


@given(TEXTS, rules(highest=3))
def test_a_rule_is_added_and_removed_without_a_trace(text, rule):
    conf = RctlConf.parse(text)
    if rule in conf.rules or rule.key in {one.key for one in conf.rules}:
        return
    added = conf.edited(add=[rule])
    assert set(RctlConf.parse(added.text).rules) == {*conf.rules, rule}
    assert RctlConf.parse(added.text).edited(remove=[rule]).text == text


def test_a_new_amount_keeps_the_line_and_what_stands_behind_it():
    conf = RctlConf.parse(HAND).edited(remove=[TEST_100], add=[TEST_120])
    assert conf.text == HAND.replace("jail:test:maxproc:deny=100", "jail:test:maxproc:deny=120")


def test_only_the_very_rule_goes_however_it_is_written():
    gone = [LimitRule.of_jail("test", "vmemoryuse", "deny", 2**29), TEST_120]
    assert RctlConf.parse(HAND).edited(remove=gone).text == HAND.replace(
        "jail:test:vmemoryuse:deny=512M\n", ""
    )


def test_a_rule_that_others_override_further_down_comes_last():
    text = f"{rule_text(TEST_120)}\njail:test:maxproc:deny=5\n"
    conf = RctlConf.parse(text)
    assert conf.rules == (LimitRule.of_jail("test", "maxproc", "deny", 5),)
    assert conf.edited(add=[TEST_120]).text == f"jail:test:maxproc:deny=5\n{rule_text(TEST_120)}\n"


@pytest.mark.parametrize("last", ["jail:a:maxproc:deny=1", "# a comment", "# a comment \\\n"])
def test_nothing_joins_a_last_line_that_is_not_read(last):
    conf = RctlConf.parse(f"\n{last}")
    assert conf.rules == ()
    assert conf.edited(add=[TEST_100]).text == f"\n{rule_text(TEST_100)}\n{last}"
    assert bool(conf.lines[-1].problem) is last.startswith("jail")


def test_a_second_name_stands_behind_the_first_one_with_its_comment():
    copied = RctlConf.parse(HAND).copied(Subject.JAIL, "test", "new")
    assert copied.text.splitlines()[2] == "jail:new:maxproc:deny=100   web team, #7"
    assert len(copied.rules_of(Subject.JAIL, "new")) == 2
    assert copied.copied(Subject.JAIL, "test", "new").text == copied.text
    assert copied.edited(remove=copied.rules_of(Subject.JAIL, "new")).text == HAND


def test_what_is_not_understood_says_why():
    problems = [line.problem for line in RctlConf.parse("\n".join(PIECES)).lines if line.problem]
    assert any("octal" in problem for problem in problems)
    assert parse_rule("jail:a:maxproc:log=1") in RctlConf.parse("".join(PIECES)).rules
