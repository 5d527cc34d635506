"""Flavours: which of their files are read, written and removed, and that no link leads out of them."""

from __future__ import annotations

import hashlib

import pytest

from tests.hosts.agent.tree import lines

TOP = "/usr/jails/flavours"
RC = f"{TOP}/web/etc/rc.conf"
INSTALL, CP, RM, CHMOD = "/usr/bin/install", "/bin/cp", "/bin/rm", "/bin/chmod"


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def flavoured(any_tree):
    any_tree.file(RC, b"old\n")
    (any_tree.root / "usr/jails/flavours/out").symlink_to("/etc")
    (any_tree.root / "usr/jails/flavours/web/out").symlink_to("/etc")
    (any_tree.root / "usr/jails/flavours/web/link").symlink_to("/etc/passwd")
    for program in (INSTALL, CP, RM, CHMOD):
        any_tree.tool(program.lstrip("/"), "#!/bin/sh\nexit 0\n")
    return any_tree


def write(tree, path: str, old: str, content: bytes) -> int:
    return tree.ask("write", path, old, str(len(content)), "alice", "j", stdin=content).returncode


def test_a_flavours_file_is_read_and_replaced(flavoured):
    assert flavoured.ask("read", RC).stdout == b"old\n"
    assert write(flavoured, RC, sha(b"old\n"), b"new\n") == 0
    assert flavoured.ask("read", RC).stdout == b"new\n"
    assert write(flavoured, f"{TOP}/web/etc/motd", "-", b"hello\n") == 0
    assert write(flavoured, RC, sha(b"old\n"), b"x\n") == 75
    assert not list(flavoured.root.rglob(".jailpanel*"))


OUTSIDE = [
    TOP,
    f"{TOP}/web",
    f"{TOP}/web/",
    f"{TOP}/web/etc",
    f"{TOP}/out/passwd",
    f"{TOP}/web/out/passwd",
    f"{TOP}/web/link",
    f"{TOP}/web/../../x",
    f"{TOP}/web//etc/rc.conf",
    f"{TOP}/web/./etc/rc.conf",
    f"{TOP}/.jailpanel.x/y",
    f"{TOP}x/web/a",
    "/usr/jails/test/etc/rc.conf",
]


def test_nothing_else_is_read_or_written_and_no_link_is_followed(flavoured):
    for path in OUTSIDE:
        assert flavoured.ask("read", path).returncode in {64, 77}, path
        assert write(flavoured, path, "-", b"x") in {64, 77}, path


ALLOWED = [
    (INSTALL, "-d", "-m", "755", f"{TOP}/new"),
    (INSTALL, "-d", "-m", "755", f"{TOP}/web/usr/local/etc"),
    (CP, "-Rp", f"{TOP}/web", f"{TOP}/new"),
    (RM, "-R", f"{TOP}/web"),
    (RM, RC),
    (CHMOD, "755", RC),
    (CHMOD, "644", RC),
]
REFUSED = [
    (INSTALL, "-d", "-m", "777", f"{TOP}/new"),
    (INSTALL, "-d", "-m", "755", "/etc/x"),
    (INSTALL, "-d", "-m", "755", f"{TOP}/web/out/x"),
    (INSTALL, "-m", "755", RC, f"{TOP}/web/x"),
    (CP, "-Rp", f"{TOP}/web", f"{TOP}/web"),
    (CP, "-Rp", f"{TOP}/gone", f"{TOP}/new"),
    (CP, "-Rp", "/etc", f"{TOP}/new"),
    (CP, "-Rp", f"{TOP}/out", f"{TOP}/new"),
    (CP, "-R", f"{TOP}/web", f"{TOP}/new"),
    (RM, "-R", TOP),
    (RM, "-R", f"{TOP}/web/etc"),
    (RM, "-R", f"{TOP}/out"),
    (RM, "-Rf", f"{TOP}/web"),
    (RM, "-R", "/usr/jails/test"),
    (RM, "/etc/passwd"),
    (RM, f"{TOP}/web/out/passwd"),
    (RM, f"{TOP}/web"),
    (CHMOD, "4755", RC),
    (CHMOD, "755", f"{TOP}/web/etc"),
    (CHMOD, "755", f"{TOP}/web/link"),
    (CHMOD, "-R", "755", f"{TOP}/web"),
]


def start(tree, number: int, argv: tuple[str, ...]) -> int:
    text = lines(*argv)
    return tree.ask("start", f"run-{number:08}", str(len(text)), "alice", "j", stdin=text).returncode


def test_the_exact_forms_are_let_through_and_no_others(flavoured):
    for number, argv in enumerate(ALLOWED):
        assert start(flavoured, number, argv) == 0, argv
    for number, argv in enumerate(REFUSED, start=100):
        assert start(flavoured, number, argv) == 77, argv


def test_the_directory_is_the_one_that_the_settings_name(flavoured):
    flavoured.file("/usr/local/etc/ezjail.conf", "ezjail_flavours_dir=/srv/flavours/\n")
    flavoured.file("/srv/flavours/a/b", b"there\n")
    assert flavoured.ask("read", "/srv/flavours/a/b").stdout == b"there\n"
    assert flavoured.ask("read", RC).returncode == 77


def test_facts_list_what_flavours_hold(flavoured):
    (flavoured.root / RC.lstrip("/")).chmod(0o755)
    said = flavoured.ask("facts", "0" * 32).stdout.decode()
    listed = said.partition("OUT flavour-files\n")[2].partition("\n\n@@")[0].splitlines()
    assert [line.split() for line in listed] == [
        ["drwxr-xr-x", "0", "web/etc"],
        ["-rwxr-xr-x", "4", "web/etc/rc.conf"],
        ["lrwxrwxrwx", "0", "web/link"],
        ["lrwxrwxrwx", "0", "web/out"],
    ]
