"""Lines end with line feeds only, and messages show little and only what can be shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.freebsd.parsers.lines import excerpt, split_lines


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", []),
        ("a", ["a"]),
        ("a\n", ["a"]),
        ("a\n\nb\n", ["a", "", "b"]),
        ("a\x1c\u2028\rb\n", ["a\x1c\u2028\rb"]),
    ],
)
def test_only_a_line_feed_ends_a_line(text, lines):
    assert split_lines(text) == lines


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        (" no such luck\n", "no such luck"),
        ("first\nsecond\n", "first…"),
        ("a\0b\x1b[31m", "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}[31m"),
        ("a" * 101, "a" * 100 + "…"),
    ],
)
def test_excerpt(text, shown):
    assert excerpt(text) == shown


@given(st.text())
def test_an_excerpt_is_short_and_printable(text):
    assert excerpt(text).isprintable()
    assert len(excerpt(text)) <= 101
