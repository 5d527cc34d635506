"""pull, sum, push, place, drop: large files in pieces, whole or not at all."""

from __future__ import annotations

import hashlib
import stat
import subprocess
import zlib

import pytest

FILES = "/var/db/jailpanel/files"
SET = f"{FILES}/14.1-RELEASE/base.txz"
ARCHIVE = "/usr/jails/ezjail_archives/web-202611241205.11.tar.gz"
CONTENT = b"a\0b\xff\r\n" * 5000


def sha(content):
    return hashlib.sha256(content).hexdigest()


def push(tree, path, offset, data, *, length=None):
    size = str(len(data) if length is None else length)
    return tree.ask("push", path, str(offset), size, "alice", "j-7", stdin=data)


def place(tree, path, content, *, checksum=None):
    checksum = sha(content) if checksum is None else checksum
    return tree.ask("place", path, str(len(content)), checksum, "alice", "j-7")


def part_of(tree, path):
    folder, _, name = path.rpartition("/")
    return tree.root / folder.lstrip("/") / f".{name}.part"


def names_in(tree, path):
    folder = (tree.root / path.lstrip("/")).parent
    return sorted(file.name for file in folder.iterdir()) if folder.is_dir() else []


@pytest.mark.parametrize("path", [SET, ARCHIVE])
def test_a_file_goes_over_in_pieces(any_tree, path):
    any_tree.file(SET + "-source", CONTENT)
    came = 0
    while came < len(CONTENT):
        piece = any_tree.ask("pull", SET + "-source", str(came), "16384")
        assert (piece.returncode, piece.stderr) == (0, b"size %d\n" % len(CONTENT))
        answer = push(any_tree, path, came, piece.stdout)
        came += len(piece.stdout)
        assert (answer.returncode, answer.stdout) == (0, b"size %d\n" % came), answer.stderr
    answer = place(any_tree, path, CONTENT)
    assert (answer.returncode, answer.stdout) == (0, b"placed %d\n" % len(CONTENT)), answer.stderr
    file = any_tree.root / path.lstrip("/")
    assert file.read_bytes() == CONTENT
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert names_in(any_tree, path).count(file.name) == len(names_in(any_tree, path)) - (path == SET)
    assert any_tree.ask("sum", path).stdout == f"{sha(CONTENT)}\n".encode()
    again = push(any_tree, path, 0, b"")
    assert (again.returncode, again.stdout) == (75, b"placed\n")
    assert place(any_tree, path, CONTENT).returncode == 0


def test_nothing_is_asked_for_but_the_size(any_tree):
    any_tree.file(SET, CONTENT)
    for offset, limit in ((0, 0), (len(CONTENT), 100), (len(CONTENT) + 5, 100)):
        answer = any_tree.ask("pull", SET, str(offset), str(limit))
        assert (answer.returncode, answer.stdout, answer.stderr) == (0, b"", b"size %d\n" % len(CONTENT))
    assert any_tree.ask("pull", ARCHIVE, "0", "1").returncode == 66
    assert any_tree.ask("sum", ARCHIVE).returncode == 66


def test_a_piece_goes_only_where_the_file_ends(any_tree):
    assert push(any_tree, SET, 0, b"").stdout == b"size 0\n"
    assert names_in(any_tree, SET) == []
    push(any_tree, SET, 0, b"abc")
    for offset in (0, 2, 4):
        answer = push(any_tree, SET, offset, b"abc")
        assert (answer.returncode, answer.stdout) == (75, b"size 3\n")
    assert push(any_tree, SET, 3, b"def").stdout == b"size 6\n"
    assert part_of(any_tree, SET).read_bytes() == b"abcdef"
    assert names_in(any_tree, SET) == [".base.txz.part"]


def test_a_piece_that_is_cut_short_leaves_nothing(any_tree):
    push(any_tree, SET, 0, b"abc")
    answer = push(any_tree, SET, 3, b"de", length=3)
    assert (answer.returncode, answer.stdout) == (65, b"")
    assert part_of(any_tree, SET).read_bytes() == b"abc"
    assert names_in(any_tree, SET) == [".base.txz.part"]


def test_of_many_who_send_the_same_piece_one_appends_it(any_tree):
    push(any_tree, SET, 0, b"abc")
    words = [any_tree.script, "push", SET, "3", "4", "alice", "j"]
    pipe = subprocess.PIPE
    senders = [subprocess.Popen(words, env=any_tree.env(), stdin=pipe, stdout=pipe) for _ in range(4)]
    answers = [sender.communicate(b"defg")[0] for sender in senders]
    assert answers == [b"size 7\n"] * 4
    assert sorted(sender.returncode for sender in senders) == [0, 75, 75, 75]
    assert part_of(any_tree, SET).read_bytes() == b"abcdefg"


def test_what_is_not_whole_or_not_the_same_gets_no_name(any_tree):
    assert place(any_tree, SET, b"abc").returncode == 66
    push(any_tree, SET, 0, b"abc")
    assert place(any_tree, SET, b"abcd").returncode == 65
    assert part_of(any_tree, SET).exists()
    answer = place(any_tree, SET, b"abc", checksum="0" * 64)
    assert (answer.returncode, names_in(any_tree, SET)) == (65, [])
    assert b"thrown away" in answer.stderr


def test_a_file_that_is_there_is_not_written_over(any_tree):
    file = any_tree.file(SET, b"another\n")
    part_of(any_tree, SET).write_bytes(b"abc")
    assert place(any_tree, SET, b"abc").returncode == 75
    assert push(any_tree, SET, 3, b"def").stdout == b"placed\n"
    assert file.read_bytes() == b"another\n"


def test_what_came_is_dropped_and_what_is_placed_stays(any_tree):
    any_tree.file(SET, b"placed\n")
    push(any_tree, ARCHIVE, 0, b"abc")
    part_of(any_tree, SET).with_name(".base.txz.part.abcdef").write_bytes(b"of one who was killed")
    for path in (SET, ARCHIVE):
        assert any_tree.ask("drop", path, "alice", "j-7").stdout == b"dropped\n"
    assert (names_in(any_tree, SET), names_in(any_tree, ARCHIVE)) == (["base.txz"], [])


FORBIDDEN = [
    "/etc/passwd",
    FILES,
    f"{FILES}/",
    f"{FILES}/../runs/x",
    f"{FILES}/.hidden",
    f"{FILES}/a/.hidden",
    f"{FILES}/-x",
    f"{FILES}/a//b",
    f"{FILES}/a/b/c/d",
    f"{FILES}/base.part",
    f"{FILES}/{'x' * 201}",
    "/var/db/jailpanel/runs/x/output",
    "/usr/jails/web-1.tar.gz",
    "/usr/jails/ezjail_archives/../web-1.tar.gz",
    "/usr/jails/ezjail_archives/a/web-1.tar.gz",
    "/usr/jails/ezjail_archives/web-1.tar",
    "/usr/jails/ezjail_archives/.tar.gz",
    "web-1.tar.gz",
]


def test_other_files_are_neither_sent_nor_taken(tree):
    for path in FORBIDDEN:
        answers = (
            tree.ask("pull", path, "0", "1"),
            tree.ask("sum", path),
            push(tree, path, 0, b"x"),
            place(tree, path, b"x"),
            tree.ask("drop", path, "alice", "j-7"),
        )
        assert [answer.returncode for answer in answers] == [77] * 5, path
        assert all(answer.stdout == b"" for answer in answers)
    assert tree.log.count("refused: /etc/passwd") == 3


def test_the_directory_of_archives_is_the_one_that_the_settings_name(tree):
    tree.file("/usr/local/etc/ezjail.conf", 'ezjail_archivedir="/backup/jails/"\n')
    assert push(tree, "/backup/jails/web-1.tar.gz", 0, b"x").returncode == 0
    assert push(tree, ARCHIVE, 0, b"x").returncode == 77


def test_symbolic_links_are_refused(any_tree):
    secret = any_tree.file("/etc/master.passwd", "secret\n")
    link = any_tree.root / SET.lstrip("/")
    link.parent.mkdir(parents=True)
    link.symlink_to(secret)
    assert any_tree.ask("pull", SET, "0", "9").returncode == 77
    assert any_tree.ask("sum", SET).returncode == 77
    assert push(any_tree, SET, 0, b"x").returncode == 77
    assert place(any_tree, SET, b"secret\n").returncode == 77
    part = part_of(any_tree, ARCHIVE)
    part.parent.mkdir(parents=True)
    part.symlink_to(secret)
    assert push(any_tree, ARCHIVE, 7, b"x").returncode == 77
    assert secret.read_text() == "secret\n"


@pytest.mark.parametrize(
    "words",
    [
        ("pull", SET, "-1", "1"),
        ("pull", SET, "01", "1"),
        ("pull", SET, "0", "16777217"),
        ("push", SET, "0", "16777217", "alice", "j"),
        ("push", SET, "x", "1", "alice", "j"),
        ("push", SET, "0", "1", "al:ice", "j"),
        ("place", SET, "1", "abc", "alice", "j"),
        ("place", SET, "x", "-", "alice", "j"),
        ("pull", SET, "0"),
        ("push", SET, "0", "1"),
        ("sum",),
        ("drop", SET),
    ],
)
def test_malformed_requests_are_refused(tree, words):
    assert tree.ask(*words, stdin=b"x").returncode == 64


def test_the_host_keeps_its_own_account(tree):
    push(tree, SET, 0, b"abc")
    push(tree, SET, 3, b"def")
    place(tree, SET, b"abcdef")
    assert tree.log.count("verb=push") == 1
    assert f"user=alice job=j-7 verb=place path={SET} size=6 sha256={sha(b'abcdef')}" in tree.log


# -- a flavour as one file -------------------------------------------------------------------------------

FLAVOURS = "/usr/jails/flavours"
PARCEL = f"{FILES}/flavour-web.20261124131500.tar"


def may_start(tree, *argv):
    answer = tree.start(f"run-{zlib.crc32(repr(argv).encode()):010}", *argv)
    assert answer.returncode in (0, 77), answer.stderr
    return answer.returncode == 0


@pytest.fixture
def flavours(tree):
    (tree.root / FLAVOURS.lstrip("/") / "web").mkdir(parents=True)
    for tool in ("usr/bin/install", "usr/bin/tar", "bin/unlink"):
        tree.tool(tool, "#!/bin/sh\n")
    return tree


def test_a_flavour_is_packed_unpacked_and_its_file_taken_away(flavours):
    assert may_start(flavours, "/usr/bin/install", "-d", "-m", "700", FILES)
    assert may_start(flavours, "/usr/bin/tar", "-cf", PARCEL, "-C", FLAVOURS, "web")
    assert may_start(flavours, "/bin/unlink", PARCEL)
    assert not may_start(flavours, "/usr/bin/tar", "-xf", PARCEL, "-C", FLAVOURS, "web")
    (flavours.root / FLAVOURS.lstrip("/") / "web").rmdir()
    assert may_start(flavours, "/usr/bin/tar", "-xf", PARCEL, "-C", FLAVOURS, "web")


@pytest.mark.parametrize(
    "argv",
    [
        ("/usr/bin/tar", "-cf", PARCEL, "-C", "/etc", "web"),
        ("/usr/bin/tar", "-cf", PARCEL, "-C", FLAVOURS, "other"),
        ("/usr/bin/tar", "-cf", PARCEL, "-C", FLAVOURS, ".."),
        ("/usr/bin/tar", "-cf", "/etc/flavour-web.20261124131500.tar", "-C", FLAVOURS, "web"),
        ("/usr/bin/tar", "-cf", f"{FILES}/flavour-web.2026.tar", "-C", FLAVOURS, "web"),
        ("/usr/bin/tar", "-cf", f"{FILES}/flavour-web./../../x.tar", "-C", FLAVOURS, "web"),
        ("/usr/bin/tar", "-xf", PARCEL, "-C", FLAVOURS),
        ("/usr/bin/tar", "-xf", PARCEL, "-C", FLAVOURS, "web", "etc"),
        ("/usr/bin/tar", "-cPf", PARCEL, "-C", FLAVOURS, "web"),
        ("/usr/bin/install", "-d", "-m", "777", FILES),
        ("/usr/bin/install", "-d", "-m", "700", f"{FILES}/../x"),
        ("/bin/unlink", f"{FILES}/flavour-web.20261124131500.tar/x"),
        ("/bin/unlink", f"{FILES}/base.txz"),
    ],
)
def test_no_other_file_is_packed_unpacked_or_taken_away(flavours, argv):
    assert not may_start(flavours, *argv)
