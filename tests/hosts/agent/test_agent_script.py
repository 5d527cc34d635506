"""Requests: their words, where they come from, and what the script takes from whoever starts it."""

from __future__ import annotations

import hashlib
import subprocess

import pytest

from tests.hosts.agent.tree import EZJAIL, SCRIPT, lines, make_tree
from tests.programs import program


def test_shellcheck_finds_nothing():
    found = subprocess.run(
        [program("shellcheck"), "-s", "sh", SCRIPT], capture_output=True, text=True, check=False
    )
    assert found.stdout == ""
    assert found.returncode == 0


def test_script_parses_nothing_as_shell_code():
    code = [line for line in SCRIPT.read_text().splitlines() if not line.lstrip().startswith("#")]
    assert not [line for line in code if "eval" in line or "sh -c" in line or "`" in line]


def test_version_is_the_protocol_and_the_scripts_own_checksum(any_tree):
    answer = any_tree.ask("version")
    checksum = hashlib.sha256(any_tree.script.read_bytes()).hexdigest()
    assert answer.stdout == f"jailpanel-agent 1 {checksum}\n".encode()
    assert (answer.returncode, answer.stderr) == (0, b"")


def test_version_works_with_freebsds_sha256(tmp_path):
    # FreeBSD 12 has no sha256sum
    tree = make_tree(tmp_path, None, ("sha256sum", "no-sha256sum"))
    tree.tool("sbin/sha256", '#!/bin/sh\n[ "$1" = -q ] || exit 1\necho "sum of $2"\n')
    assert tree.ask("version").stdout == f"jailpanel-agent 1 sum of {tree.script}\n".encode()


MALFORMED = [
    (),
    ("nothing",),
    ("version", "1"),
    ("facts",),
    ("facts", "0" * 31),
    ("facts", "G" * 32),
    ("facts", "0" * 32, "more"),
    ("start", "run-00000001", "1", "alice"),
    ("start", "short", "1", "alice", "j"),
    ("start", "-un-00000001", "1", "alice", "j"),
    ("start", "RUN-00000001", "1", "alice", "j"),
    ("start", "x" * 65, "1", "alice", "j"),
    ("start", "../../../etc", "1", "alice", "j"),
    ("start", "run-00000001", "-1", "alice", "j"),
    ("start", "run-00000001", "010", "alice", "j"),
    ("start", "run-00000001", "65537", "alice", "j"),
    ("start", "run-00000001", "9" * 30, "alice", "j"),
    ("start", "run-00000001", "1", "a/b", "j"),
    ("start", "run-00000001", "1", "alice", "j" * 65),
    ("follow", "run-00000001"),
    ("follow", "..", "0"),
    ("cancel", "run-0000000/"),
    ("cancel",),
    ("read",),
    ("write", "/etc/fstab.a", "-", "1", "alice"),
    ("write", "/etc/fstab.a", "0" * 63, "1", "alice", "j"),
    ("write", "/etc/fstab.a", "--", "1", "alice", "j"),
    ("write", "/etc/fstab.a", "-", "1048577", "alice", "j"),
    ("_run", "run-00000001"),
    ("version;id",),
    ("read", "/etc/rc.conf\n"),
    ("read", "/etc/$(id)"),
    ("read", "/etc/é"),
    ("-h",),
]


def test_malformed_request_is_refused_with_a_sentence(tree):
    for words in MALFORMED:
        for answer in (tree.ask(*words), tree.ask(env=tree.env(SSH_ORIGINAL_COMMAND=" ".join(words)))):
            assert (answer.returncode, answer.stdout) == (64, b""), words
            assert answer.stderr.startswith(b"jailpanel-agent: "), words
    assert not tree.runs.exists()


LINES = [
    "version; id",
    "version && id",
    "version | id",
    "version\nversion",
    "version\tx",
    "$(id)",
    "`id`",
    "version > /tmp/x",
    "read /etc/*",
    "read ~",
    "read '/etc/rc.conf'",
    "version \\",
    "version \x7f",
    "_run run-00000001",
]


def test_ssh_line_is_never_more_than_words(any_tree):
    for line in LINES:
        answer = any_tree.ask(env=any_tree.env(SSH_ORIGINAL_COMMAND=line))
        assert (answer.returncode, answer.stdout) == (64, b""), line


def test_ssh_words_are_split_at_blanks(any_tree):
    any_tree.file("/etc/rc.conf", "a\n")
    answer = any_tree.ask(env=any_tree.env(SSH_ORIGINAL_COMMAND="  read   /etc/rc.conf "))
    assert (answer.returncode, answer.stdout) == (0, b"a\n")


def test_ssh_line_is_not_expanded_to_file_names(any_tree):
    # every character of a pattern is refused, and a name that could be one stays as it is
    answer = any_tree.ask(env=any_tree.env(SSH_ORIGINAL_COMMAND="read /etc/rc.con?"))
    assert answer.returncode == 64


def test_callers_variables_reach_nothing(any_tree):
    any_tree.play(
        'env >"$JAILPANEL_ROOT/seen"; umask >>"$JAILPANEL_ROOT/seen"; pwd >>"$JAILPANEL_ROOT/seen"\n'
    )
    bad = {"ezjail_jaildir": "/evil", "IFS": "/", "ENV": "/evil", "CDPATH": "/evil", "LIBXO_OPTIONS": "x"}
    text = lines(EZJAIL, "onestart", "test")
    words = ("start", "run-00000001", str(len(text)), "alice", "j")
    assert any_tree.ask(*words, stdin=text, env=any_tree.env(**bad)).returncode == 0
    any_tree.follow("run-00000001")
    *variables, umask, folder = (any_tree.root / "seen").read_text().splitlines()
    root = any_tree.root
    own = f"{root}/sbin:{root}/bin:{root}/usr/sbin:{root}/usr/bin:{root}/usr/local/sbin:{root}/usr/local/bin"
    set_by_the_shell = ("PWD=", "OLDPWD=", "SHLVL=", "_=")
    assert {line for line in variables if not line.startswith(set_by_the_shell)} == {
        f"PATH={own}:/sbin:/bin:/usr/sbin:/usr/bin",
        "HOME=/root",
        "TERM=xterm",
        "LC_ALL=C",
        f"JAILPANEL_ROOT={root}",
    }
    assert (umask, folder) == ("0022", str(root / "var/empty"))


def test_settings_are_not_taken_from_the_callers_variables(any_tree):
    facts = any_tree.ask("facts", "0" * 32, env=any_tree.env(ezjail_jaildir="/evil")).stdout
    assert b"jaildir=/usr/jails\n" in facts
    assert b"evil" not in facts


@pytest.mark.parametrize("root", ["relative", "/a:b", "/a=b"])
def test_root_that_would_mean_something_else_is_refused(tree, root):
    answer = tree.ask("version", env=tree.env(JAILPANEL_ROOT=root))
    assert answer.returncode == 64


def test_script_is_found_when_called_by_a_relative_path(tree):
    answer = subprocess.run(
        ["./jailpanel-agent", "version"], cwd=SCRIPT.parent, env=tree.env(), capture_output=True, check=False
    )
    assert answer.returncode == 0
