"""The agent's list of what flavours hold."""

from __future__ import annotations

import pytest

from apps.freebsd.errors import ParseError
from apps.freebsd.parsers.flavours import MOST_LISTED, FlavourFile, parse_flavour_files


def test_entries_are_read():
    text = "-rwxr-xr-x 128 example/etc/rc.d/one\ndrwxr-xr-x 0 example/etc\nlrwxrwxrwx 0 my.own/etc/link\n"
    assert parse_flavour_files(text) == (
        FlavourFile("example", "etc/rc.d/one", "-", "rwxr-xr-x", 128),
        FlavourFile("example", "etc", "d", "rwxr-xr-x", 0),
        FlavourFile("my.own", "etc/link", "l", "rwxrwxrwx", 0),
    )
    assert parse_flavour_files("") == ()


@pytest.mark.parametrize(
    "line", ["x", "-rwxr-xr-x 1 example", "-rwxr-xr-x x a/b", "prw-r--r-- 0 a/b", "-rw a/b"]
)
def test_what_the_agent_does_not_write_is_refused(line):
    with pytest.raises(ParseError):
        parse_flavour_files(f"{line}\n")


def test_no_more_is_kept_than_one_beyond_the_bound():
    assert len(parse_flavour_files("-rw-r--r-- 1 a/b\n" * 9000)) == MOST_LISTED + 1
