"""sysctl: names and values, the time of the start, the load."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.freebsd.errors import ParseError
from apps.freebsd.parsers.sysctl import parse_boottime, parse_loadavg, parse_sysctl
from tests.freebsd.cases import cases, check, text_of


@pytest.mark.parametrize("case", cases("parse_sysctl"))
def test_parse_sysctl(case):
    check(case, lambda: parse_sysctl(text_of(case)), ParseError)


@pytest.mark.parametrize("case", cases("parse_boottime"))
def test_parse_boottime(case):
    check(case, lambda: parse_boottime(text_of(case)), ParseError)


@pytest.mark.parametrize("case", cases("parse_loadavg"))
def test_parse_loadavg(case):
    check(case, lambda: parse_loadavg(text_of(case)), ParseError)


@given(
    st.dictionaries(
        st.from_regex(r"[a-z][a-z0-9._]*", fullmatch=True), st.text().filter(lambda t: "\n" not in t)
    )
)
def test_values_are_what_they_were(values):
    assert parse_sysctl("".join(f"{name}={value}\n" for name, value in values.items())) == values


@given(st.text())
def test_any_text_is_read_or_refused(text):
    for parse in (parse_sysctl, parse_boottime, parse_loadavg):
        try:
            parse(text)
        except ParseError:
            continue
