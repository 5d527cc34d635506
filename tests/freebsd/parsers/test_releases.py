"""Versions of the host's parts, of the basejail and of ezjail."""

from __future__ import annotations

import pytest

from apps.freebsd.errors import ParseError
from apps.freebsd.parsers.releases import (
    parse_ezjail_version,
    parse_freebsd_version,
    parse_uname,
    parse_userland_version,
)
from tests.freebsd.cases import cases, check, text_of


@pytest.mark.parametrize("case", cases("parse_freebsd_version"))
def test_parse_freebsd_version(case):
    check(case, lambda: parse_freebsd_version(text_of(case)), ParseError)


@pytest.mark.parametrize("case", cases("parse_uname"))
def test_parse_uname(case):
    check(case, lambda: parse_uname(text_of(case)), ParseError)


@pytest.mark.parametrize("case", cases("parse_userland_version"))
def test_parse_userland_version(case):
    check(case, lambda: parse_userland_version(text_of(case)), ParseError)


@pytest.mark.parametrize("case", cases("parse_ezjail_version"))
def test_parse_ezjail_version(case):
    check(case, lambda: parse_ezjail_version(text_of(case)), ParseError)
