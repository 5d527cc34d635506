"""The channel against the server that real hosts run."""

from __future__ import annotations

import asyncio

import pytest

from apps.freebsd.channel.ssh import SshChannel, scan_host_key
from apps.freebsd.errors import AccessRefused, AgentMissing, ConnectionLost
from tests.sshd import HOST_KEYS, running_sshd

pytestmark = pytest.mark.anyio

AGENT = """#!/bin/sh
case $SSH_ORIGINAL_COMMAND in
many) head -c 3000000 /dev/zero; exit 0 ;;
slow) sleep 0.05; exit 0 ;;
die) kill -KILL $PPID ;;
*) printf '%s|' "$SSH_ORIGINAL_COMMAND"; cat; exit 66 ;;
esac
"""


@pytest.fixture(scope="module")
def sshd(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sshd")
    script = folder / "agent"
    script.write_text(AGENT)
    script.chmod(0o755)
    with running_sshd(folder, str(script)) as sshd:
        yield sshd


@pytest.fixture
async def channel(sshd):
    channel = SshChannel(sshd.target())
    yield channel
    await channel.close()


async def test_a_request_reaches_the_forced_command_whole(channel) -> None:
    answer = await channel.request(("start", "run-1", "5"), stdin=b"a\n\0b\n", timeout_s=10)
    assert (answer.status, answer.stdout) == (66, b"start run-1 5|a\n\0b\n")


async def test_large_answers_come_whole(channel) -> None:
    answer = await channel.request(("many",), timeout_s=10)
    assert answer.stdout == bytes(3_000_000)


@pytest.mark.parametrize("key_type", HOST_KEYS)
async def test_whichever_of_the_hosts_keys_is_pinned_it_is_the_one_asked_for(sshd, key_type) -> None:
    channel = SshChannel(sshd.target(key_type))
    assert (await channel.request(("x",), timeout_s=10)).status == 66
    await channel.close()


async def test_scanning_shows_what_people_compare(sshd) -> None:
    assert await scan_host_key("127.0.0.1", sshd.port, 10) == sshd.target("ed25519").host_key


async def test_more_requests_than_the_server_allows_sessions(channel) -> None:
    answers = await asyncio.gather(*(channel.request(("slow",), timeout_s=30) for _ in range(25)))
    assert [answer.status for answer in answers] == [0] * 25


async def test_a_connection_whose_process_is_killed_is_lost_and_opened_again(channel) -> None:
    with pytest.raises(ConnectionLost):
        await channel.request(("die",), timeout_s=10)
    assert (await channel.request(("x",), timeout_s=10)).status == 66


async def test_a_forced_command_that_is_not_there_is_a_missing_agent(tmp_path) -> None:
    with running_sshd(tmp_path, "/usr/local/libexec/jailpanel-agent-that-is-not-there") as sshd:
        channel = SshChannel(sshd.target())
        with pytest.raises(AgentMissing, match="not installed"):
            await channel.request(("version",), timeout_s=10)
        await channel.close()


async def test_a_key_that_the_server_does_not_know_is_refused(sshd, key_path) -> None:
    target = sshd.target()
    stranger = type(target)(target.address, target.port, target.user, target.host_key, key_path)
    with pytest.raises(AccessRefused):
        await SshChannel(stranger).request(("version",), timeout_s=10)
