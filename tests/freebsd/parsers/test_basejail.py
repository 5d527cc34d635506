"""The basejail: whole, half made, or not there."""

from __future__ import annotations

import pytest

from apps.freebsd.errors import ParseError
from apps.freebsd.parsers.basejail import parse_basejail
from tests.freebsd.cases import FIXTURES, cases, check
from tests.freebsd.probes import WHOLE_BASEJAIL


@pytest.mark.parametrize("case", cases("parse_basejail"))
def test_parse_basejail(case):
    check(case, lambda: parse_basejail(case["stdout"], case["release"]), ParseError)


def test_a_basejail_that_is_not_there_has_no_parts_to_complain_of():
    text = (
        WHOLE_BASEJAIL.replace(" file", " missing")
        .replace(" dir", " missing")
        .replace("ezjailtemp missing", "ezjailtemp dir")
    )
    facts = parse_basejail(text, "")
    assert not facts.present
    assert facts.problems == ("ezjailtemp is left behind by an installation that did not finish",)


def test_what_is_missing_is_said_in_words():
    facts = parse_basejail(
        WHOLE_BASEJAIL.replace("newjail/bin link /basejail/bin", "newjail/bin missing"), ""
    )
    assert facts.problems == ("newjail/bin is missing or is not what ezjail makes",)
    assert not facts.complete


def test_fixtures_hold_every_state_of_an_interrupted_installation():
    names = {file.stem for file in (FIXTURES / "parse_basejail").iterdir()}
    assert {"fetch_interrupted", "split_interrupted_without_template", "base_half_copied"} <= names
