"""Versions of the host's parts, of the basejail and of ezjail."""

from __future__ import annotations

import pytest

from apps.freebsd.errors import ParseError
from apps.freebsd.parsers.releases import (
    Versions,
    known_release,
    parse_ezjail_version,
    parse_freebsd_version,
    parse_uname,
    parse_userland_version,
)
from apps.freebsd.values import Release
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


def test_another_kernel_installed_than_running_waits_for_a_reboot():
    assert Versions("14.1-RELEASE-p5", "14.1-RELEASE-p3", "14.1-RELEASE-p6").reboot_pending
    assert not Versions("14.1-RELEASE-p5", "14.1-RELEASE-p5", "14.1-RELEASE-p6").reboot_pending


def test_release_of_ones_own_is_no_known_one():
    assert known_release("14.1-STABLE-mine") is None
    assert known_release("14.1-RELEASE-p3") == Release(14, 1, "RELEASE", patch=3)
