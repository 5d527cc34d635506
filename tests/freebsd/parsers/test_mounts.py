"""mount -p: tabs, or one blank where a path is too long for them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.freebsd.errors import ParseError
from apps.freebsd.parsers.mounts import parse_mounts
from tests.freebsd.cases import cases, check, text_of


@pytest.mark.parametrize("case", cases("parse_mounts"))
def test_parse_mounts(case):
    check(case, lambda: parse_mounts(text_of(case)), ParseError)


PATHS = st.from_regex(r"(/[A-Za-z0-9._-]{1,12}){1,4}", fullmatch=True)


@given(PATHS, PATHS, st.sampled_from(["\t", "\t\t\t", " "]))
def test_paths_are_what_they_were(device, point, gap):
    (mount,) = parse_mounts(f"{device}{gap}{point}{gap}nullfs\tro\t\t0 0\n")
    assert (mount.device, mount.point, mount.kind, mount.options) == (device, point, "nullfs", ("ro",))


@given(st.text() | st.text(alphabet="a/ \t\n0"))
def test_any_text_is_read_or_refused(text):
    try:
        parse_mounts(text)
    except ParseError:
        return
