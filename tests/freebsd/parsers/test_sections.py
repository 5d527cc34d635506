"""The probe's envelope: whole or not at all, and unforgeable."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.freebsd.errors import ParseError
from apps.freebsd.parsers.sections import Section, parse_sections
from tests.freebsd.probes import NONCE, envelope

KEYS = st.from_regex(r"[A-Za-z0-9_.:-]{1,20}", fullmatch=True).filter(lambda key: key != "done")
SECTIONS = st.dictionaries(
    KEYS, st.builds(Section, st.binary(), st.binary(max_size=99), st.integers(0, 255)), max_size=5
)


@given(SECTIONS)
def test_sections_are_what_they_were(sections):
    assert parse_sections(envelope(sections), NONCE) == sections


@given(SECTIONS, st.data())
def test_an_answer_cut_anywhere_is_refused(sections, data):
    whole = envelope(sections)
    at = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(ParseError):
        parse_sections(whole[:at], NONCE)


@given(st.binary())
def test_any_bytes_are_refused(raw):
    with pytest.raises(ParseError):
        parse_sections(raw, NONCE)


def test_a_mark_with_another_nonce_is_content():
    forged = envelope({"jails": Section(b"", b"", 0)}, nonce="f" * 32)
    sections = {"file:evil": Section(forged, forged, 0)}
    assert parse_sections(envelope(sections), NONCE) == sections


def test_a_forged_mark_without_its_line_feed_takes_nothing_of_the_true_one():
    forged = f"\n@@{'f' * 32} RC file:evil 0".encode()
    sections = {"file:evil": Section(forged, forged, 0)}
    assert parse_sections(envelope(sections), NONCE) == sections


def test_a_mark_in_the_middle_of_a_line_is_content():
    sections = {"file:evil": Section(f"x @@{NONCE} RC file:evil 0\n".encode(), b"", 0)}
    assert parse_sections(envelope(sections), NONCE) == sections


def test_last_section_that_failed_refuses_the_whole():
    with pytest.raises(ParseError, match="ended with status 1"):
        parse_sections(envelope({}, done=1), NONCE)


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "cut short before its end"),
        (envelope({}) + b"x", "cut short before its end"),
        (b"motd\n" + envelope({}), "out of order"),
        (envelope({"now": Section(b"1", b"", 0)}) + envelope({}), "out of order"),
        (envelope({}).replace(b"ERR done", b"ERR other"), "cut short in the section “done”"),
        (envelope({}).replace(b"ERR done", b"OUT done"), "cut short in the section “done”"),
        (envelope({}).replace(b"RC done 0", b"RC done"), "cut short in the section “done”"),
        (envelope({}).replace(b"OUT done", b"OUT done 1"), "cut short in the section “done”"),
    ],
)
def test_an_answer_out_of_order_is_refused(raw, said):
    with pytest.raises(ParseError, match=said):
        parse_sections(raw, NONCE)


def test_one_section_twice_is_refused():
    twice = envelope({"a": Section(b"", b"", 0)}).replace(f"\n@@{NONCE} OUT done".encode(), b"", 1)
    doubled = envelope({"a": Section(b"1", b"", 0), "b": Section(b"2", b"", 0)}).replace(b" b", b" a")
    for raw in (twice, doubled):
        with pytest.raises(ParseError):
            parse_sections(raw, NONCE)


def test_bytes_that_are_no_text_are_shown_as_such():
    section = Section(b"caf\xe9\n", b" no\xff \n", 1)
    assert (section.text, section.error_text) == (
        "caf\N{REPLACEMENT CHARACTER}\n",
        "no\N{REPLACEMENT CHARACTER}",
    )
