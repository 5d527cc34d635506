"""The agent on the panel's own machine."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from apps.freebsd.channel.local import LocalChannel
from apps.freebsd.errors import (
    AccessRefused,
    AgentMissing,
    ConnectionLost,
    HostUnreachable,
    InvalidInput,
)
from tests.freebsd.channel.conftest import until

pytestmark = pytest.mark.anyio


@pytest.fixture
def script(tmp_path):
    """Make a small program and give the channel that runs it."""

    def make(body: str) -> LocalChannel:
        path = tmp_path / "agent"
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)
        return LocalChannel((str(path),))

    return make


async def ask(channel: LocalChannel, *words: str, timeout_s: float = 5, **more):
    return await channel.request(words, timeout_s=timeout_s, **more)


async def test_words_and_stdin_arrive_and_all_of_the_answer_comes_back(script) -> None:
    channel = script('printf "%s|" "$@"; cat; echo on stderr >&2; exit 75')
    answer = await ask(channel, "start", "run-12345678", stdin=b"a\n\0b")
    assert answer.stdout == b"start|run-12345678|a\n\0b"
    assert answer.stderr == b"on stderr\n"
    assert answer.status == 75
    await channel.close()


async def test_large_output_streams_and_waits_for_the_reader(script) -> None:
    got = bytearray()

    async def slow(data: bytes) -> None:
        got.extend(data)
        await asyncio.sleep(0)

    answer = await ask(script("head -c 5000000 /dev/zero"), "follow", on_bytes=slow)
    assert len(got) == 5_000_000
    assert answer.stdout == b""


async def test_the_agent_gets_a_clean_environment(script, monkeypatch) -> None:
    monkeypatch.setenv("PANEL_SECRET", "x")
    answer = await ask(script("env; pwd"), "version")
    assert b"PANEL_SECRET" not in answer.stdout
    assert b"LC_ALL=C" in answer.stdout
    assert answer.stdout.endswith(b"\n/\n")


async def test_silence_ends_the_request(script) -> None:
    with pytest.raises(HostUnreachable, match="not answered"):
        await ask(script("exec sleep 60"), "facts", timeout_s=0.1)


async def test_an_agent_that_was_killed_is_a_lost_line(script) -> None:
    with pytest.raises(ConnectionLost):
        await ask(script("kill -9 $$"), "facts")


async def test_a_request_that_is_cancelled_ends_the_agent(script, tmp_path) -> None:
    pid_file = tmp_path / "pid"
    task = asyncio.create_task(
        ask(script(f"echo $$ >{pid_file}.new; mv {pid_file}.new {pid_file}; exec sleep 60"), "x")
    )
    await until(pid_file.exists)
    task.cancel()
    await asyncio.wait([task])
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid_file.read_text()), 0)


async def test_words_are_checked_here_too(script) -> None:
    with pytest.raises(InvalidInput):
        await ask(script("true"), "read", "a b")


async def test_a_missing_starter_is_named() -> None:
    with pytest.raises(AgentMissing, match="no-such-doas"):
        await ask(LocalChannel(("no-such-doas", "-n", "/x")), "version")


@pytest.mark.parametrize(
    "said",
    [
        "doas: Operation not permitted",
        "doas: Authorization required",
        "sudo: a password is required",
        "sudo: a terminal is required to read the password",
        "panel is not in the sudoers file.",
        "Sorry, user panel is not allowed to execute '/x' as root on here.",
    ],
)
async def test_a_starter_that_refuses_is_an_access_error(script, said) -> None:
    with pytest.raises(AccessRefused, match="does not let the panel run the agent"):
        await ask(script(f'echo "{said}" >&2; exit 1'), "version")


@pytest.mark.parametrize("said", ["doas: /x: command not found", "sudo: /x: command not found"])
async def test_a_starter_that_finds_no_agent_says_so(script, said) -> None:
    with pytest.raises(AgentMissing, match="not installed"):
        await ask(script(f'echo "{said}" >&2; exit 1'), "version")


def _open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def test_nothing_stays_open_after_a_request(script) -> None:
    channel = script("cat")
    await ask(channel, "version", stdin=b"x")
    before = _open_files()
    for _ in range(5):
        await ask(channel, "version", stdin=b"x")
    await asyncio.sleep(0)
    assert _open_files() <= before
