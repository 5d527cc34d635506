"""ezjail's settings in effect."""

from __future__ import annotations

import pytest

from apps.freebsd.errors import ParseError
from apps.freebsd.parsers.ezjail_settings import parse_ezjail_settings
from tests.freebsd.cases import cases, check, text_of


@pytest.mark.parametrize("case", cases("parse_ezjail_settings"))
def test_parse_ezjail_settings(case):
    check(case, lambda: parse_ezjail_settings(text_of(case)), ParseError)
