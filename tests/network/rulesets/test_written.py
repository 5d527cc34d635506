"""Changes of the written rules' text."""

from __future__ import annotations

import pytest

from apps.network.rulesets.written import lines_of, moved, number_of, with_line, without_line

TEXT = """# first
100 allow ip from any to any via lo0
200 check-state
200 count ip from any to any
300 deny ip from any to any
"""


@pytest.mark.parametrize(
    ("line", "number"),
    [("100 allow", 100), ("00100 allow", 100), ("add 7 deny", 7), ("allow ip", None), ("# 9 x", None)],
)
def test_number_of_a_line(line, number):
    assert number_of(line) == number


def test_a_new_rule_goes_behind_those_of_its_number():
    assert (
        lines_of(with_line(TEXT, None, "200 deny tcp from any to any"))[4] == "200 deny tcp from any to any"
    )
    assert lines_of(with_line(TEXT, None, "50 x"))[1] == "50 x"
    assert lines_of(with_line(TEXT, None, "400 x"))[-1] == "400 x"
    assert with_line("", None, "400 x") == "400 x\n"


def test_a_line_is_replaced_and_removed_in_its_place():
    assert lines_of(with_line(TEXT, 3, "210 x"))[2] == "210 x"
    assert lines_of(without_line(TEXT, 1))[0].startswith("100 ")
    assert without_line(TEXT, 99) == TEXT


def test_a_rule_changes_places_only_with_one_of_its_number():
    assert lines_of(moved(TEXT, 3, 1))[2:4] == ["200 count ip from any to any", "200 check-state"]
    assert moved(moved(TEXT, 3, 1), 4, -1) == TEXT
    assert moved(TEXT, 3, -1) == moved(TEXT, 1, 1) == moved(TEXT, 5, 1) == TEXT
