"""Names: what parses is safe, and folds as ezjail folds it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.freebsd.errors import InvalidInput
from apps.freebsd.values import FlavourName, InterfaceName, JailName, RunId, safe_name
from tests.freebsd import texts

NAMES = [JailName, FlavourName, InterfaceName, RunId]


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("test", "test"),
        ("two.example", "two_example"),
        ("two-example", "two_example"),
        ("two_example", "two_example"),
        ("Foo-bar.com", "Foo_bar_com"),
        ("1a", "1a"),
    ],
)
def test_name_folds_as_ezjail_folds_it(name, safe):
    assert JailName.parse(name).safe_name == safe


def test_observed_name_beyond_ascii_folds_byte_by_byte():
    assert safe_name("bücher") == "b__cher"


def test_hostname_keeps_dots_and_dashes():
    assert JailName.parse("two-a.example").hostname == "two-a.example"


@pytest.mark.parametrize(
    "name", ["basejail", "newjail", "fulljail", "flavours", "ezjailtemp", "ezjail_archives"]
)
def test_ezjails_own_directories_are_no_names(name):
    with pytest.raises(InvalidInput, match="ezjail's own directories"):
        JailName.parse(name)


@pytest.mark.parametrize("name", ["a.img", "a.device", "a.IMG"])
def test_names_of_images_are_no_names(name):
    with pytest.raises(InvalidInput, match=r"cannot end in \.img"):
        JailName.parse(name)


@pytest.mark.parametrize("name", ["a" * 63, "0x1", "a.norun", "example.org.", "a-"])
def test_odd_names_that_work_are_names(name):
    assert str(JailName.parse(name)) == name


def test_making_a_name_without_parse_checks_it_as_well():
    with pytest.raises(InvalidInput):
        JailName("-f")


@pytest.mark.parametrize("name", ["lo0", "re0.10", "vm-public", "wlan0", "a_b", "bridge0"])
def test_interfaces_names(name):
    assert str(InterfaceName.parse(name)) == name


@pytest.mark.parametrize("name", ["", "0lo", "-a", "lo0|", "lo 0", "lo0\n", "lo0:1", "a" * 16])
def test_texts_that_are_no_interfaces_names(name):
    with pytest.raises(InvalidInput, match="An interface's name is"):
        InterfaceName.parse(name)


@pytest.mark.parametrize(
    "text", ["", "short", "-leading-dash", "UPPERCASE", "a" * 65, "with space", "abcdefgh\n"]
)
def test_texts_that_are_no_run_ids(text):
    with pytest.raises(InvalidInput, match="A run id is"):
        RunId.parse(text)


@pytest.mark.parametrize("kind", NAMES)
@given(text=texts.anything_hostile())
def test_what_parses_is_one_plain_word(kind, text):
    try:
        value = kind.parse(text)
    except InvalidInput:
        return
    assert str(value) == text
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", text)
    assert ".." not in text or kind is InterfaceName


@given(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}", fullmatch=True))
def test_safe_name_has_letters_digits_and_underscores_and_is_its_own_safe_name(text):
    safe = safe_name(text)
    assert re.fullmatch(r"[A-Za-z0-9_]+", safe)
    assert safe_name(safe) == safe
    assert len(safe) == len(text)


@given(st.from_regex(r"[A-Za-z][A-Za-z0-9._-]{0,62}", fullmatch=True))
def test_names_survive_a_round_trip(text):
    try:
        name = JailName.parse(text)
    except InvalidInput:
        return
    assert JailName.parse(str(name)) == name
    assert "/" not in name.safe_name
    assert not name.hostname.startswith((".", "-"))
