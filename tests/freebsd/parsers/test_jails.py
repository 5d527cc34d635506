"""Which file is which jail's, and where the roots are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.freebsd.errors import ParseError
from apps.freebsd.parsers.jails import config_names, parse_roots
from tests.freebsd.cases import cases, check, text_of


@pytest.mark.parametrize("case", cases("parse_roots"))
def test_parse_roots(case):
    check(case, lambda: parse_roots(text_of(case)), ParseError)


@pytest.mark.parametrize(
    ("names", "configs"),
    [
        ([], {}),
        (["test", "two_example.norun"], {"test": "test", "two_example": "two_example.norun"}),
        (["test", "test.norun"], {"test": "test.norun"}),
        (["test.norun", "test"], {"test": "test.norun"}),
        (["test.bak", "test.AbC123", "a-b", ".norun", "test.norun.norun"], {}),
    ],
)
def test_ezjails_files_are_told_from_strays(names, configs):
    assert config_names(names) == configs


@given(st.text())
def test_any_text_is_read_or_refused(text):
    try:
        parse_roots(text)
    except ParseError:
        return
