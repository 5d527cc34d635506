"""What the verbs for large files send, and what each answer means."""

from __future__ import annotations

import pytest

from apps.freebsd.channel.agent import Agent, NoSuchFile
from apps.freebsd.channel.large import Arrived, Piece
from apps.freebsd.errors import CommandFailed, Conflict, ParseError, RequestRefused
from tests.freebsd.channel.test_agent import CHECKSUM, Script

pytestmark = pytest.mark.anyio

PATH = "/var/db/jailpanel/files/base.txz"


def large(*, status=0, stdout=b"", stderr=b""):
    script = Script(status, stdout, stderr)
    return Agent(script).large, script


async def test_pull_gives_the_piece_and_the_size_of_the_whole():
    files, script = large(stdout=b"ab", stderr=b"size 9\n")
    assert await files.pull(PATH, 4, 2) == Piece(b"ab", 9)
    assert script.asked == [(("pull", PATH, "4", "2"), b"")]


async def test_pull_takes_no_more_than_it_asked_for():
    files, _ = large(stdout=b"abc", stderr=b"size 9\n")
    with pytest.raises(ParseError):
        await files.pull(PATH, 4, 2)


@pytest.mark.parametrize(
    ("status", "error"), [(66, NoSuchFile), (77, RequestRefused), (74, CommandFailed), (0, ParseError)]
)
async def test_pull_and_sum_that_fail(status, error):
    files, _ = large(status=status, stdout=b"?", stderr=b"no\n")
    with pytest.raises(error):
        await files.pull(PATH, 0, 2)
    with pytest.raises(error):
        await files.sum(PATH)


async def test_sum_is_the_checksum():
    files, script = large(stdout=f"{CHECKSUM}\n".encode(), stderr=b"alive\nalive\n")
    assert await files.sum(PATH) == CHECKSUM
    assert script.asked == [(("sum", PATH), b"")]


@pytest.mark.parametrize(
    ("status", "stdout", "arrived"),
    [(0, b"size 6\n", Arrived(6)), (75, b"size 3\n", Arrived(3)), (75, b"placed\n", Arrived(0, True))],
)
async def test_push_says_how_much_has_come(status, stdout, arrived):
    files, script = large(status=status, stdout=stdout)
    assert await files.push(PATH, 4, b"ab", "alice", "j") == arrived
    assert script.asked == [(("push", PATH, "4", "2", "alice", "j"), b"ab")]


@pytest.mark.parametrize(("status", "error"), [(74, CommandFailed), (65, RequestRefused), (75, ParseError)])
async def test_push_that_fails(status, error):
    files, _ = large(status=status, stdout=b"size")
    with pytest.raises(error):
        await files.push(PATH, 0, b"ab", "alice", "j")


async def test_place_checks_size_and_checksum():
    files, script = large()
    await files.place(PATH, 9, CHECKSUM, "alice", "j")
    await files.place(PATH, 9, "", "alice", "j")
    sums = [words[3] for words, _ in script.asked]
    assert sums == [CHECKSUM, "-"]


@pytest.mark.parametrize(("status", "error"), [(75, Conflict), (65, RequestRefused), (74, CommandFailed)])
async def test_place_and_drop_that_fail(status, error):
    files, _ = large(status=status)
    with pytest.raises(error):
        await files.place(PATH, 9, CHECKSUM, "alice", "j")
