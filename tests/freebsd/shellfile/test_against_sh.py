"""What we read is what the shells read, and what we write is what they get: told by the shells themselves."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.freebsd.errors import ParseError
from apps.freebsd.shellfile import ShellFile
from tests.freebsd.shellfile.shells import shells, sourced
from tests.freebsd.shellfile.test_shellfile import FILES, NAMES, VALUES

pytestmark = pytest.mark.shell

# Nothing here runs for long or writes anywhere but into the folder that it runs in.
PARTS = (
    b"A=", b"B=", b"export ", b'"', b"'", b"\\", b"\n", b"\n", b";", b" ", b"#", b"$", b"x", b"\\\n", b"$A",
    b"${B}", b"${A:-q}", b"${B:=w}", b"$(echo a)", b"`echo a`", b"$((1+2))", b"~", b"*", b"\xff", b"\x81\x88",
    b"\r", b"if true; then ", b"; fi\n", b"{ ", b"; }\n", b"(", b")", b"case x in x) ", b";; esac\n",
    b"f() { ", b"for i in 1 2; do ", b"done\n", b"cat <<E\n", b"E\n", b"&&", b"|", b">o", b"unset A\n",
    b"\nA=1\n",
    b'\nB="two"\n', b"export A B='3' # hi\n", b"eval ", b"return\n", b"f\n", b":", b"readonly ", b"${A#x}",
    b"{a,b}", b"!", b"=",
)  # fmt: skip
SHELLISH = st.lists(st.sampled_from(PARTS), min_size=1, max_size=12).map(b"".join)
WATCHED = ("A", "B", "C", "D", "E", "new", "B_new")


def _sure(file: ShellFile) -> dict[str, str | None]:
    """Return what we are sure of: each variable's value, or None for one that is not set."""
    sure = {name: file.reading(name) for name in WATCHED if not file.doubt(name)}
    return {name: found and found.text for name, found in sure.items() if not found or found.text is not None}


def _agree(file: ShellFile) -> None:
    sure = _sure(file)
    with tempfile.TemporaryDirectory() as place:
        for shell in shells() if sure else ():
            told = sourced(shell, file.data, tuple(sure), Path(place))
            assert {name: told.get(name) for name in sure} == sure, shell


@given(SHELLISH | FILES)
@settings(max_examples=30, deadline=None, derandomize=True)
def test_what_we_are_sure_of_is_what_the_shells_read(data):
    _agree(ShellFile(data))


@given(FILES, NAMES, VALUES, st.sampled_from(["", "A", "B"]), st.booleans())
@settings(max_examples=30, deadline=None, derandomize=True)
def test_what_we_set_is_what_the_shells_read(data, name, value, beside, export):
    try:
        file = ShellFile(data).set(name, value, beside=beside, export=export)
    except ParseError:
        return
    assert _sure(file)[name] == value
    _agree(file)


@given(FILES, NAMES)
@settings(max_examples=15, deadline=None, derandomize=True)
def test_what_we_unset_is_unset_for_the_shells(data, name):
    try:
        file = ShellFile(data).unset(name)
    except ParseError:
        return
    assert _sure(file)[name] is None
    _agree(file)


@pytest.mark.parametrize(
    "value", ["$(touch pwned)", "`touch pwned`", '";touch pwned;"', "';touch pwned;'", "\\"]
)
@pytest.mark.parametrize("before", [b"A=1\n", b"A='1'\n", b'A="1"\n', b"export A=1; B=2\n", b""])
def test_nothing_of_a_value_is_ever_executed(before, value, tmp_path):
    file = ShellFile(before).set("A", value)
    for shell in shells():
        assert sourced(shell, b"touch() { : >pwned; }\n" + file.data, ("A",), tmp_path) == {"A": value}
    assert not (tmp_path / "pwned").exists()
