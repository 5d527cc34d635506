"""Releases: FreeBSD's names and no others, in FreeBSD's order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.freebsd.errors import InvalidInput
from apps.freebsd.values import Release
from tests.freebsd import texts

IN_ORDER = [
    "13.2-RELEASE", "13.2-RELEASE-p1", "13.2-RELEASE-p11", "13.2-STABLE", "13.3-RELEASE", "14.0-CURRENT",
    "14.0-ALPHA2", "14.0-BETA1", "14.0-BETA2", "14.0-RC1", "14.0-RC3", "14.0-RELEASE", "14.1-PRERELEASE",
    "14.1-BETA1", "14.1-RELEASE", "14.1-RELEASE-p5", "15.0-RC2",
]  # fmt: skip


@pytest.mark.parametrize("text", IN_ORDER)
def test_releases_survive_a_round_trip(text):
    assert str(Release.parse(text)) == text


def test_releases_sort_as_freebsd_makes_them():
    assert sorted(map(Release.parse, reversed(IN_ORDER))) == [Release.parse(text) for text in IN_ORDER]


@pytest.mark.parametrize(
    "text",
    [
        "", "13", "13.2", "RELEASE", "13.2-release", "13.2-RELEASE-p0", "13.2-RELEASE-p", "13.2-RELEASE2",
        "13.2-RC", "13.2-BETA0", "013.2-RELEASE", "13.02-RELEASE", "13.2-RELEASE ", " 13.2-RELEASE",
        "13.2-RELEASE\n", "-r", "13.2-RELEASE-p1-p2", "１３.2-RELEASE", "13.2-RELEASE-p5-HBSD",
        "13.2-RELEASE-p1000", "banana",
    ],
)  # fmt: skip
def test_texts_that_are_no_releases(text):
    with pytest.raises(InvalidInput, match="A FreeBSD release has the form"):
        Release.parse(text)


def test_a_release_made_of_wrong_parts_is_refused():
    for wrong in (
        {"stage": "RELEASE", "number": 2},
        {"stage": "RC"},
        {"stage": "RC1"},
        {"stage": "banana"},
        {"stage": "-x"},
    ):
        with pytest.raises(InvalidInput):
            Release(13, 2, **wrong)


def test_name_leaves_the_patch_level_out():
    release = Release.parse("14.1-RELEASE-p5")
    assert (release.name, release.patch) == ("14.1-RELEASE", 5)


@pytest.mark.parametrize(
    ("text", "installable", "is_release"),
    [
        ("13.2-RELEASE-p3", True, True),
        ("15.0-RC2", True, False),
        ("15.0-BETA1", True, False),
        ("15.0-ALPHA1", False, False),
        ("13.2-STABLE", False, False),
        ("16.0-CURRENT", False, False),
        ("14.1-PRERELEASE", False, False),
    ],
)
def test_what_mirrors_carry(text, installable, is_release):
    release = Release.parse(text)
    assert (release.installable, release.is_release) == (installable, is_release)


@pytest.mark.parametrize(
    ("basejail", "host", "fits"),
    [
        ("13.2-RELEASE", "13.2-RELEASE", True),
        ("13.2-RELEASE-p9", "13.2-RELEASE", True),
        ("13.2-RELEASE", "14.1-RELEASE-p5", True),
        ("14.1-RELEASE", "14.0-RELEASE-p9", False),
        ("14.0-RELEASE", "14.0-RC1", False),
    ],
)
def test_basejail_is_no_newer_than_the_host_patch_levels_aside(basejail, host, fits):
    assert Release.parse(basejail).at_most(Release.parse(host)) is fits


@given(texts.anything_hostile())
def test_what_parses_is_what_was_given(text):
    try:
        assert str(Release.parse(text)) == text
    except InvalidInput:
        return


@given(
    st.integers(1, 99),
    st.integers(0, 99),
    st.sampled_from(["RELEASE", "STABLE", "CURRENT"]),
    st.integers(0, 999),
)
def test_parts_survive_a_round_trip(major, minor, stage, patch):
    release = Release(major, minor, stage, patch=patch)
    assert Release.parse(str(release)) == release
