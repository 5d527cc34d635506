"""Places: one spelling each, and nothing but a place."""

from __future__ import annotations

import posixpath

import pytest
from hypothesis import given

from apps.freebsd.errors import InvalidInput
from apps.freebsd.values import DEFAULT_MIRROR, AbsolutePath, Mirror
from tests.freebsd import texts


@pytest.mark.parametrize(
    "text", ["/", "/usr/jails/test", "/usr/jails/two.example", "/a/-b", "/usr/jails/a..b"]
)
def test_paths_survive_a_round_trip(text):
    assert str(AbsolutePath.parse(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "usr",
        "//",
        "/usr/",
        "/usr//jails",
        "/usr/../etc",
        "/..",
        "/usr/./x",
        "/a b",
        "/a\n",
        "/a\0",
        "/$(id)",
        '/"',
        "/a'",
    ],
)
def test_texts_that_are_no_paths(text):
    with pytest.raises(InvalidInput):
        AbsolutePath.parse(text)


def test_a_path_that_no_file_can_have_is_refused():
    with pytest.raises(InvalidInput, match="at most 1023"):
        AbsolutePath.parse("/" + "a" * 1023)


@pytest.mark.parametrize(
    "text",
    [
        "https://download.freebsd.org",
        "https://mirror.example:8443/pub/FreeBSD",
        "https://192.0.2.1/~user/a+b",
        "file:///dist",
        "file:///usr/local/dist/13.2",
    ],
)
def test_mirrors_survive_a_round_trip(text):
    assert str(Mirror.parse(text)) == text


def test_closing_slashes_of_a_mirror_are_dropped():
    assert Mirror.parse("https://download.freebsd.org//") == DEFAULT_MIRROR


def test_directory_is_local_and_server_is_not():
    assert Mirror.parse("file:///dist").is_local
    assert not DEFAULT_MIRROR.is_local


@pytest.mark.parametrize("text", ["http://ftp.freebsd.org", "ftp://ftp.freebsd.org", "HTTP://x.example"])
def test_mirror_that_anyone_on_the_way_can_change_is_refused_with_the_reason(text):
    with pytest.raises(InvalidInput, match="does not verify what it fetches"):
        Mirror.parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "", "download.freebsd.org", "https://", "https:///x", "file://", "file:///", "file://host/x", "https://-x",
        "https://a_b.example", "https://x/../y", "https://x/./y", "https://u@x", "https://x?y", "https://x#y",
        "https://x/ y", "https://x/\n", "https://x:0", "https://x:99999999", "https://x/%2e%2e", "https://[::1]",
        "javascript:x", "https://" + "a." * 130 + "org",
    ],
)  # fmt: skip
def test_texts_that_are_no_mirrors(text):
    with pytest.raises(InvalidInput, match="A mirror is"):
        Mirror.parse(text)


@given(texts.anything_hostile())
def test_a_path_leads_where_it_reads(text):
    try:
        path = str(AbsolutePath.parse(text))
    except InvalidInput:
        return
    assert path == text == posixpath.normpath(path)
    assert path.startswith("/")
    assert not path.startswith("//")


@given(texts.anything_hostile())
def test_a_mirror_holds_nothing_but_a_place(text):
    try:
        mirror = Mirror.parse(text)
    except InvalidInput:
        return
    assert Mirror.parse(str(mirror)) == mirror
    assert str(mirror).startswith(("https://", "file:///"))
    assert ".." not in str(mirror)
    assert not set(str(mirror)) & set("\"'`$\\@?#% \n\0")
