"""df: blocks of 1024 bytes, in JSON."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.freebsd.errors import ParseError
from apps.freebsd.parsers.df import parse_df_json
from tests.freebsd.cases import captured, cases, check, text_of


@pytest.mark.parametrize("case", cases("parse_df_json"))
def test_parse_df_json(case):
    check(case, lambda: parse_df_json(text_of(case)), ParseError)


@given(st.integers(0, 10_000))
def test_a_truncated_list_is_refused(at):
    whole = captured("host")["df-json"]["stdout"].rstrip()
    with pytest.raises(ParseError):
        parse_df_json(whole[: min(at, len(whole) - 1)])
