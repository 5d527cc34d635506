"""How arguments travel: whole or not at all, and byte for byte whatever they hold."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.hosts.agent.tree import EZJAIL, end_runs, lines, make_tree

# No real form carries such arguments: the copy of the script that these tests run has a row more.
SHOW = "/usr/local/bin/show"
EZJAIL_ROW = '    /usr/local/bin/ezjail-admin) allowed_ezjail "$@" ;;\n'
ROW = (EZJAIL_ROW, f"{EZJAIL_ROW}    {SHOW}) ;;\n")

HOSTILE = (
    "",
    " ",
    "a b  c ",
    " leading",
    "$(id)",
    "`id`",
    "${HOME}",
    "$HOME",
    "~",
    "*",
    "?",
    "[a-z]*",
    "; id",
    "| id",
    "& id",
    "&& id",
    ">/tmp/x",
    "'",
    '"',
    "'\"'\"'",
    "\\",
    "\\n",
    "a\\",
    "-",
    "--",
    "-n",
    "-e",
    "%s%n",
    "!x",
    "#x",
    "{a,b}",
    "a=b",
    "é€😀",
    b"\x80\x81\x88\xff",
    "",
)


@pytest.fixture
def show_tree(shell, tmp_path):
    tree = make_tree(tmp_path, shell, ROW)
    yield tree
    end_runs(tree)


def test_hostile_arguments_arrive_byte_for_byte(show_tree):
    argv = (SHOW, "first", *HOSTILE)
    assert show_tree.start("run-00000001", *argv).returncode == 0
    output, end, _ = show_tree.follow("run-00000001")
    assert (output, end) == (lines(*argv[1:]), "exit 0")
    assert (show_tree.runs / "run-00000001/argv").read_bytes() == lines(*argv)


ARGUMENT = st.binary(max_size=20).map(
    lambda raw: bytes(b for b in raw if b >= 32 and b != 127)
) | st.sampled_from([word if isinstance(word, bytes) else word.encode() for word in HOSTILE])


@given(argv=st.lists(ARGUMENT, min_size=1, max_size=8))
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_arguments_without_control_characters_arrive_byte_for_byte(tmp_path_factory, argv):
    tree = make_tree(tmp_path_factory.mktemp("host"), None, ROW)
    assert tree.start("run-00000001", SHOW, *argv).returncode == 0
    assert tree.follow("run-00000001")[0] == lines(*argv)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\n" * 257,
        lines(EZJAIL, "onestart", "test")[:-1],
        lines(EZJAIL, "onestart", "te\0st"),
        lines(EZJAIL, "onestart", "test\r"),
        lines(EZJAIL, "onestart", "te\tst"),
        lines(EZJAIL, "onestart", "\x1b[31mtest"),
        lines(EZJAIL, "onestart", "test\x7f"),
        b"\0" + lines(EZJAIL, "onestart", "test")[1:],
    ],
)
def test_garbled_arguments_are_refused(any_tree, text):
    answer = any_tree.ask("start", "run-00000001", str(len(text)), "alice", "j", stdin=text)
    assert (answer.returncode, answer.stdout) == (65, b"")
    assert b"jailpanel-agent: " in answer.stderr
    assert not any_tree.runs.exists()


def test_arguments_cut_short_anywhere_are_refused(any_tree):
    text = lines(EZJAIL, "delete", "-w", "testing")
    for length in range(len(text)):
        answer = any_tree.ask("start", "run-00000001", str(len(text)), "alice", "j", stdin=text[:length])
        assert (answer.returncode, answer.stdout) == (65, b"")
    assert not any_tree.runs.exists()


def test_no_more_is_read_than_was_announced(any_tree):
    text = lines(EZJAIL, "onestart", "test")
    answer = any_tree.ask("start", "run-00000001", str(len(text)), "alice", "j", stdin=text + b"more\n")
    assert answer.returncode == 0
    assert any_tree.follow("run-00000001")[0] == b"onestart\ntest\n"


def test_arguments_of_the_greatest_length_arrive(show_tree):
    argv = (SHOW, *["x" * 255] * 255)
    assert show_tree.start("run-00000001", *argv).returncode == 0
    assert show_tree.follow("run-00000001")[0] == lines(*argv[1:])
