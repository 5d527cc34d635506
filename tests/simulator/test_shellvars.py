from __future__ import annotations

import pytest

from apps.simulator import shellvars


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        ("# a=1\n", {}),
        ("a=1\n", {"a": "1"}),
        ('a="x y"', {"a": "x y"}),
        ("a='x $y'", {"a": "x $y"}),
        ('export jail_x_ip="lo0|10.0.0.2"\n', {"jail_x_ip": "lo0|10.0.0.2"}),
        ("a=1\na=2\n", {"a": "2"}),
        ("a=1; b=2\n", {"a": "1", "b": "2"}),
        ('d=/usr\na="${d}/jails"\nb=$d/x\n', {"d": "/usr", "a": "/usr/jails", "b": "/usr/x"}),
        ('a="${none:-there}"', {"a": "there"}),
        ('a="say \\"hi\\" \\$b"', {"a": 'say "hi" $b'}),
        ("a=\n", {"a": ""}),
        ('a="one\ntwo"\nb=3\n', {"a": "one\ntwo", "b": "3"}),
        ('a="open\n', {"a": ""}),
        ("if true; then a=1; fi\n", {}),
    ],
)
def test_assignments_are_read_as_the_shell_reads_them(text, expected):
    assert shellvars.parse(text) == expected


def test_variables_known_before_are_filled_in():
    assert shellvars.parse("a=$b", {"b": "x"}) == {"a": "x"}


@pytest.mark.parametrize(
    ("value", "expected"), [("YES", True), ("yes", True), ("1", True), ("NO", False), ("", False)]
)
def test_checkyesno(value, expected):
    assert shellvars.is_yes(value) is expected
