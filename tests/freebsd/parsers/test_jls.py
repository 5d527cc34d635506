"""jls: both forms of its JSON, and nothing that is not that."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.freebsd.errors import ParseError
from apps.freebsd.parsers.jls import parse_jls_json
from tests.freebsd.cases import captured, cases, check, text_of


@pytest.mark.parametrize("case", cases("parse_jls_json"))
def test_parse_jls_json(case):
    check(case, lambda: parse_jls_json(text_of(case)), ParseError)


def test_both_forms_tell_the_same_of_who_runs_where():
    named, verbose = (
        parse_jls_json(captured("jls")[form]["stdout"]) for form in ("json-named", "json-verbose")
    )
    facts = [
        [(jail.jid, jail.name, jail.path, jail.addresses) for jail in jails] for jails in (named, verbose)
    ]
    assert facts[0] == facts[1]


def test_nesting_without_end_is_refused():
    with pytest.raises(ParseError):
        parse_jls_json("[" * 100_000)


@given(st.integers(0, 10_000))
def test_a_truncated_list_is_never_an_empty_one(at):
    whole = captured("jls")["json-named"]["stdout"].rstrip()
    with pytest.raises(ParseError):
        parse_jls_json(whole[: min(at, len(whole) - 1)])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=8,
)


@given(JSON | st.fixed_dictionaries({"jail-information": st.fixed_dictionaries({"jail": JSON})}))
def test_other_json_is_refused_or_empty(value):
    try:
        jails = parse_jls_json(json.dumps(value))
    except ParseError:
        return
    assert jails == ()
