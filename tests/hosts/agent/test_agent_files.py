"""read and write: which files, compare and swap, nothing half-written."""

from __future__ import annotations

import hashlib
import os
import stat
import subprocess
import time

import pytest

CONF = "/usr/local/etc/ezjail.conf"
JAIL = "/usr/local/etc/ezjail/test"
SCRATCH = "/etc/jailpanel-scratch-host"
OLD = b"old\n"


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def write(tree, path, old, content, *, length=None):
    announced = len(content) if length is None else length
    return tree.ask("write", path, old, str(announced), "alice", "j-7", stdin=content)


def files_of(tree):
    return {str(file.relative_to(tree.root)) for file in tree.root.rglob("*") if ".jailpanel" in file.name}


READABLE = [CONF, JAIL, f"{JAIL}.norun", "/etc/fstab.foo_bar_com", "/etc/rc.conf", SCRATCH]
FORBIDDEN = [
    "/etc/passwd",
    "/etc/master.passwd",
    "/etc/fstab",
    "/etc/fstab.",
    "/etc/fstab.a.b",
    "/etc/fstab.a/b",
    "/etc/fstab.../passwd",
    "/etc/rc.conf.local",
    "/etc/../etc/rc.conf",
    "//etc/rc.conf",
    "/etc/./rc.conf",
    "etc/rc.conf",
    "/",
    ".",
    "..",
    "/usr/local/etc/ezjail",
    "/usr/local/etc/ezjail/",
    "/usr/local/etc/ezjail/.norun",
    "/usr/local/etc/ezjail/..",
    "/usr/local/etc/ezjail/../ezjail.conf",
    "/usr/local/etc/ezjail/a/b",
    "/usr/local/etc/ezjail/a.norun.norun",
    "/usr/local/etc/ezjail/a.b",
    "/usr/local/etc/ezjail/a-b",
    f"/usr/local/etc/ezjail/{'x' * 64}",
    "/usr/local/etc/ezjail.conf.sample",
    "/usr/local/etc/ezjail.conf/",
    "/usr/jails/test/etc/rc.conf",
    "/root/.ssh/authorized_keys",
]


def test_file_is_read_byte_for_byte(any_tree):
    content = b"a\0b\xff\r\n no line feed at the end"
    for path in READABLE:
        missing = any_tree.ask("read", path)
        assert (missing.returncode, missing.stdout) == (66, b"")
        any_tree.file(path, content)
        answer = any_tree.ask("read", path)
        assert (answer.returncode, answer.stdout, answer.stderr) == (0, content, b"")


def test_other_files_are_neither_read_nor_written(tree):
    tree.file("/etc/passwd", "secret\n")
    tree.file(CONF, OLD)
    for path in FORBIDDEN:
        answer = tree.ask("read", path)
        assert (answer.returncode, answer.stdout) == (77, b""), path
        answer = write(tree, path, "-", b"new\n")
        assert (answer.returncode, answer.stdout) == (77, b""), path
    assert not files_of(tree)


@pytest.mark.parametrize("path", ["/etc/rc.conf", SCRATCH])
def test_what_is_read_only_is_not_written(tree, path):
    assert write(tree, path, "-", b"new\n").returncode == 77
    file = tree.file(path, OLD)
    assert write(tree, path, sha(OLD), b"new\n").returncode == 77
    assert file.read_bytes() == OLD


@pytest.mark.parametrize("path", [CONF, JAIL, "/etc/fstab.test", "/etc/rc.conf"])
def test_symbolic_link_is_neither_read_nor_written(any_tree, path):
    secret = any_tree.file("/etc/passwd", "secret\n")
    link = any_tree.root / path.lstrip("/")
    link.symlink_to(secret)
    answer = any_tree.ask("read", path)
    assert (answer.returncode, answer.stdout) == (77, b"")
    for old in ("-", sha(b"secret\n")):
        assert write(any_tree, path, old, b"new\n").returncode == 77
    assert link.is_symlink()
    assert secret.read_text() == "secret\n"


def test_link_that_leads_nowhere_is_not_written(tree):
    link = tree.root / CONF.lstrip("/")
    link.symlink_to(tree.root / "nowhere")
    assert write(tree, CONF, "-", b"new\n").returncode == 77
    assert not (tree.root / "nowhere").exists()


def test_directory_in_a_files_place_is_neither_read_nor_written(tree):
    (tree.root / JAIL.lstrip("/")).mkdir()
    assert tree.ask("read", JAIL).returncode == 77
    assert write(tree, JAIL, "-", b"new\n").returncode == 77
    assert not files_of(tree)


@pytest.mark.parametrize("content", [b"", b"x", b"no line feed", b"\0\xff\n" * 50000, b"$(id) `id` 'x'\n"])
def test_file_is_replaced_when_it_is_what_the_panel_saw(any_tree, content):
    old = b'export jail_test_ip="lo0|10.0.0.2/24"\n'
    file = any_tree.file(JAIL, old)
    answer = write(any_tree, JAIL, sha(old), content)
    assert (answer.returncode, answer.stdout) == (0, f"{sha(content)}\n".encode()), answer.stderr
    assert file.read_bytes() == content
    assert not files_of(any_tree)


def test_owner_and_mode_stay(any_tree):
    file = any_tree.file(CONF, OLD)
    file.chmod(0o640)
    if os.getuid() == 0:
        os.chown(file, 12345, 54321)
    before = file.stat()
    assert write(any_tree, CONF, sha(OLD), b"new\n").returncode == 0
    after = file.stat()
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)


def test_new_file_is_as_ezjail_makes_them(any_tree):
    answer = write(any_tree, "/etc/fstab.test", "-", b"new\n")
    assert answer.returncode == 0
    assert stat.S_IMODE((any_tree.root / "etc/fstab.test").stat().st_mode) == 0o644


def test_file_that_changed_meanwhile_is_left_alone(any_tree):
    file = any_tree.file(CONF, "changed\n")
    for old in (sha(OLD), "-"):
        answer = write(any_tree, CONF, old, b"new\n")
        assert (answer.returncode, answer.stdout) == (75, b"")
    assert file.read_text() == "changed\n"
    assert not files_of(any_tree)


def test_file_that_is_gone_is_not_made_again(tree):
    answer = write(tree, CONF, sha(OLD), b"new\n")
    assert answer.returncode == 75
    assert not (tree.root / CONF.lstrip("/")).exists()


def test_content_cut_short_changes_nothing(any_tree):
    file = any_tree.file(CONF, OLD)
    answer = write(any_tree, CONF, sha(OLD), b"new", length=4)
    assert (answer.returncode, answer.stdout) == (65, b"")
    assert file.read_bytes() == OLD
    assert not files_of(any_tree)


def test_of_two_writes_at_once_one_wins(any_tree):
    file = any_tree.file(CONF, OLD)
    words = [any_tree.script, "write", CONF, sha(OLD), "6", "alice", "j"]
    pipe = subprocess.PIPE
    writers = [
        subprocess.Popen(words, env=any_tree.env(), stdin=pipe, stdout=pipe, stderr=pipe) for _ in range(8)
    ]
    answers = [writer.communicate(b"new %d\n" % n) for n, writer in enumerate(writers)]
    statuses = [writer.returncode for writer in writers]
    assert sorted(statuses) == [0, *[75] * 7]
    winner = statuses.index(0)
    assert file.read_bytes() == b"new %d\n" % winner
    assert answers[winner][0].decode().strip() == sha(b"new %d\n" % winner)
    assert not files_of(any_tree)
    assert not (any_tree.runs / ".write").exists()


def test_lock_of_a_writer_that_died_is_broken(tree):
    file = tree.file(CONF, OLD)
    lock = tree.runs / ".write"
    lock.mkdir(parents=True)
    then = time.time() - 300
    os.utime(lock, (then, then))
    assert write(tree, CONF, sha(OLD), b"new\n").returncode == 0
    assert file.read_text() == "new\n"
    assert not lock.exists()


def test_lock_that_is_held_is_respected(tree):
    tree.hurry()
    file = tree.file(CONF, OLD)
    lock = tree.runs / ".write"
    lock.mkdir(parents=True)
    answer = write(tree, CONF, sha(OLD), b"new\n")
    assert answer.returncode == 74
    assert file.read_bytes() == OLD
    assert lock.exists()
    assert not files_of(tree)


def test_write_is_in_the_hosts_log_and_its_content_is_not(tree):
    tree.file(CONF, OLD)
    write(tree, CONF, sha(OLD), b"secret\n")
    new = sha(b"secret\n")
    assert tree.log == (
        f"-t jailpanel -p auth.notice user=alice job=j-7 verb=write path={CONF} old={sha(OLD)} new={new}\n"
    )


def test_refused_write_is_in_the_hosts_log(tree):
    write(tree, "/etc/passwd", "-", b"x")
    assert tree.log.endswith("user=alice job=j-7 verb=write refused: /etc/passwd\n")


def test_write_where_there_is_no_room_says_so(tree):
    file = tree.file(CONF, OLD)
    script = 'trap "" XFSZ; ulimit -f 1; exec "$@"'
    content = b"x" * 20000
    answer = subprocess.run(
        [
            "/bin/sh",
            "-c",
            script,
            "sh",
            tree.script,
            "write",
            CONF,
            sha(OLD),
            str(len(content)),
            "a",
            "j",
        ],
        input=content,
        env=tree.env(),
        capture_output=True,
        check=False,
    )
    assert (answer.returncode, answer.stdout) == (74, b"")
    assert file.read_bytes() == OLD
    assert not files_of(tree)
