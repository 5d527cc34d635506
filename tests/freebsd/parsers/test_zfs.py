"""zfs and zpool: exact numbers between tabs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.freebsd.errors import ParseError
from apps.freebsd.parsers.zfs import parse_zfs_list, parse_zpool_list
from tests.freebsd.cases import cases, check, text_of


@pytest.mark.parametrize("case", cases("parse_zpool_list"))
def test_parse_zpool_list(case):
    check(case, lambda: parse_zpool_list(text_of(case)), ParseError)


@pytest.mark.parametrize("case", cases("parse_zfs_list"))
def test_parse_zfs_list(case):
    check(case, lambda: parse_zfs_list(text_of(case)), ParseError)


@given(st.text() | st.text(alphabet="ab1-\t\n"))
def test_any_text_is_read_or_refused(text):
    for parse in (parse_zpool_list, parse_zfs_list):
        try:
            parse(text)
        except ParseError:
            continue
