"""Tables as ipfw lists them, and their entries as people write them."""

from __future__ import annotations

import pytest

from apps.freebsd.errors import InvalidInput, ParseError
from apps.freebsd.firewall.model import Table
from apps.freebsd.firewall.tables import checked_entry, parse_entries, parse_entry, parse_tables
from tests.freebsd.cases import captured


def test_the_captured_list():
    assert parse_tables(captured("ipfw")["table-all"]["stdout"]) == (Table("jails", (("10.0.0.2/32", "0"),)),)


def test_several_tables_and_kinds():
    text = (
        "--- table(web), set(0) ---\nfd00::/64 5\n10.0.0.0/24 0\n"
        "--- table(inside), set(0) ---\nem1 0\n--- table(ports), set(0) ---\n80 700\n"
        "--- table(none), set(0) ---\n"
    )
    assert parse_tables(text) == (
        Table("inside", (("em1", "0"),), "iface"),
        Table("none"),
        Table("ports", (("80", "700"),), "number"),
        Table("web", (("fd00::/64", "5"), ("10.0.0.0/24", "0"))),
    )
    assert parse_tables("") == ()


@pytest.mark.parametrize(
    "text",
    [
        "10.0.0.2/32 0\n",
        "--- table(a), set(0) ---\nx\n",
        "--- table(a), set(0) ---\n1 2 3\n",
        "ipfw: error x",
    ],
)
def test_what_is_no_list_of_tables(text):
    with pytest.raises(ParseError):
        parse_tables(text)


@pytest.mark.parametrize(
    ("line", "entry"),
    [
        ("10.0.0.2", ("10.0.0.2/32", "0")),
        ("10.0.0.9/24 700", ("10.0.0.0/24", "700")),
        ("FD00::1/64", ("fd00::/64", "0")),
    ],
)
def test_an_entry(line, entry):
    assert parse_entry(line) == entry


@pytest.mark.parametrize(
    "line", ["", "x", "10.0.0.2 x", "10.0.0.2 -1", "10.0.0.2 4294967296", "10.0.0.2 1 2", "a b\n"]
)
def test_no_entry(line):
    with pytest.raises(InvalidInput):
        parse_entry(line)


def test_many_entries():
    entries, problems = parse_entries("# web\n10.0.0.2\n\n10.0.0.2/32 5\nbanana\r\n10.0.1.0/24 1\n")
    assert entries == (("10.0.0.2/32", "0"), ("10.0.1.0/24", "1"))
    assert [problem.line for problem in problems] == [4, 5]


@pytest.mark.parametrize(
    ("kind", "key", "value"),
    [
        ("iface", "-a", "0"),
        ("iface", "em0 1", "0"),
        ("number", "x", "0"),
        ("flow", "1", "0"),
        ("iface", "em0", ""),
    ],
)
def test_an_entry_that_is_not_written(kind, key, value):
    with pytest.raises(InvalidInput):
        checked_entry(kind, key, value)
