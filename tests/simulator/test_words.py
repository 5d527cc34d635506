"""How tools read their words: options, and libxo's own."""

from __future__ import annotations

import pytest

from apps.simulator.getopt import BadOption, getopt
from apps.simulator.libxo import Style, document, take_style
from apps.simulator.rcscript import Action, read_action, safe


@pytest.mark.parametrize(
    ("words", "found", "operands"),
    [
        ([], [], []),
        (["-ab", "x"], [("a", ""), ("b", "")], ["x"]),
        (["-c1", "-c", "2"], [("c", "1"), ("c", "2")], []),
        (["-ac", "-b"], [("a", ""), ("c", "-b")], []),
        (["x", "-a"], [], ["x", "-a"]),
        (["-a", "--", "-b"], [("a", "")], ["-b"]),
        (["-", "-a"], [], ["-", "-a"]),
    ],
)
def test_options_end_at_the_first_operand(words, found, operands):
    assert getopt(words, "abc:") == (found, operands)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["-x"], "t: illegal option -- x"),
        (["-ac"], "t: option requires an argument -- c"),
        (["-:"], "t: illegal option -- :"),
    ],
)
def test_bad_options_are_named(words, text):
    with pytest.raises(BadOption) as caught:
        getopt(words, "abc:")
    assert caught.value.text("t") == text


@pytest.mark.parametrize(
    ("words", "style", "left"),
    [
        (["-v"], Style(), ["-v"]),
        (["--libxo", "json", "-v"], Style(json=True), ["-v"]),
        (["-v", "--libxo=json,pretty"], Style(json=True, pretty=True), ["-v"]),
        (["--libxo:J"], Style(json=True), []),
        (["--libxo", "text"], Style(), []),
        (["--libxo"], Style(), []),
    ],
)
def test_libxos_words_are_taken_from_anywhere(words, style, left):
    assert take_style(words) == (style, left)


def test_a_document_escapes_what_json_needs():
    text = document(
        "c", "l", [{"a": 'x"\\\n', "b": True, "d": 3, "e": [], "f": ["é"]}], style=Style(json=True)
    )
    assert text == '{"c": {"l": [{"a":"x\\"\\\\\\n","b":true,"d":3, "e": [], "f": ["é"]}]}}\n'


@pytest.mark.parametrize(
    ("word", "action"),
    [
        ("start", Action("start", forced=False)),
        ("onestart", Action("start", forced=True)),
        ("forcestop", Action("stop", forced=True)),
        ("quietrestart", Action("restart", forced=False)),
        ("", Action("", forced=False)),
        ("one", Action("one", forced=False)),
    ],
)
def test_prefixes_of_actions(word, action):
    assert read_action(word) == action


@pytest.mark.parametrize(
    ("name", "expected"),
    [("foo-bar.com", "foo_bar_com"), ("A1", "A1"), ("ä", "__"), ("", ""), ("a\nb", "a_b")],
)
def test_safe_names_keep_letters_and_digits_of_ascii(name, expected):
    assert safe(name) == expected
