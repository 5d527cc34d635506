"""What rctl prints besides what was captured: cut short, unknown, or an error."""

from __future__ import annotations

import pytest

from apps.freebsd.errors import ParseError
from apps.freebsd.parsers.rctl import Failure, parse_errors, parse_rules, parse_usage

OFF = "rctl: RACCT/RCTL present, but disabled; enable using kern.racct.enable=1 tunable\n"
LACKING = "rctl: RACCT/RCTL support not present in kernel; see rctl(8) for details\n"


def test_rules_of_unknown_names_and_resources_are_kept_apart():
    seen = parse_rules("jail:a b:maxproc:deny=1\njail:a:newthing:deny=1\njail:a:maxproc:deny=1\n")
    assert len(seen.rules) == 1
    assert seen.unread == ("jail:a b:maxproc:deny=1", "jail:a:newthing:deny=1")
    assert parse_rules("").rules == ()


@pytest.mark.parametrize(
    "text", ["jail:a:maxproc:deny=1", "banana\n", "\n", "jail:a:maxproc\n", "cputime=1\n"]
)
def test_what_is_no_list_of_rules(text):
    with pytest.raises(ParseError):
        parse_rules(text)


def test_usage_of_older_and_newer_releases():
    usage = parse_usage("cputime=1\nnewthing=5\ncputime=2\n", ["jail:a", "jail:b"])
    assert usage == {"jail:a": {"cputime": 1, "newthing": 5}, "jail:b": {"cputime": 2}}
    assert parse_usage("", []) == {}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "cputime=1",
        "cputime=1\ncputime=2\n",
        "pcpu=1\n",
        "cputime=1K\n",
        "cputime=1\npcpu=1\npcpu=1\n",
        "x\n",
    ],
)
def test_what_is_no_usage_of_one_jail(text):
    with pytest.raises(ParseError):
        parse_usage(text, ["jail:a"])


@pytest.mark.parametrize(("stderr", "failure"), [(OFF, Failure.DISABLED), (LACKING, Failure.NOT_COMPILED)])
def test_a_host_without_limits_says_so(stderr, failure):
    assert [error.failure for error in parse_errors(stderr)] == [failure]
    with pytest.raises(ParseError, match="RACCT"):
        parse_usage("", ["jail:a"], stderr)
