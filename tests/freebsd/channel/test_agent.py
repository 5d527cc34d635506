"""What each verb sends, and what each answer of the agent means."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

import pytest

from apps.freebsd.channel import Answer
from apps.freebsd.channel.agent import (
    Agent,
    AgentVersion,
    NoSuchFile,
    RunEnd,
    UnknownRun,
    argument_lines,
    expected_version,
)
from apps.freebsd.errors import (
    AgentMissing,
    CommandFailed,
    Conflict,
    InvalidInput,
    PanelError,
    ParseError,
    RequestRefused,
)

pytestmark = pytest.mark.anyio

RUN = "run-0123456789"
CHECKSUM = "a" * 64


@dataclass
class Script:
    """A channel that says what it is told to, and keeps what it was asked."""

    status: int = 0
    stdout: bytes = b""
    stderr: bytes = b""
    asked: list[tuple[tuple[str, ...], bytes]] = field(default_factory=list)

    async def request(self, words, *, stdin=b"", timeout_s, on_bytes=None) -> Answer:
        self.asked.append((words, stdin))
        assert timeout_s > 0
        if on_bytes is None:
            return Answer(self.status, self.stdout, self.stderr)
        await on_bytes(self.stdout)
        return Answer(self.status, b"", self.stderr)

    async def close(self) -> None:
        """Nothing to let go of."""


async def take(data: bytes) -> None:
    """Take output and do nothing with it."""


async def test_version_is_protocol_and_checksum() -> None:
    channel = Script(stdout=f"jailpanel-agent 1 {CHECKSUM}\n".encode())
    assert await Agent(channel).version() == AgentVersion("1", CHECKSUM)
    assert channel.asked == [(("version",), b"")]


@pytest.mark.parametrize(
    ("status", "stdout"),
    [
        (0, b""),
        (0, b"Welcome!\n"),
        (0, f"jailpanel-agent 1 {CHECKSUM}\nmore\n".encode()),
        (0, b"jailpanel-agent 1 short\n"),
        (1, f"jailpanel-agent 1 {CHECKSUM}\n".encode()),
        (0, b"\xff\xfe"),
    ],
)
async def test_what_does_not_say_that_it_is_the_agent_is_none(status, stdout) -> None:
    with pytest.raises(AgentMissing, match="not jailpanel-agent"):
        await Agent(Script(status, stdout)).version()


async def test_expected_version_is_that_of_our_copy(tmp_path) -> None:
    script = tmp_path / "jailpanel-agent"
    script.write_bytes(b"#!/bin/sh\n")
    assert expected_version(script) == AgentVersion("1", hashlib.sha256(b"#!/bin/sh\n").hexdigest())


@pytest.mark.parametrize(
    ("found", "message"),
    [(f"2 {CHECKSUM}", "speaks version 2, the panel 1"), ("1 " + "b" * 64, "not the panel's copy")],
)
async def test_an_agent_of_another_version_counts_as_missing(found, message) -> None:
    agent = Agent(Script(stdout=f"jailpanel-agent {found}\n".encode()))
    with pytest.raises(AgentMissing, match=message):
        await agent.check_version(AgentVersion("1", CHECKSUM))


async def test_our_own_agent_passes() -> None:
    agent = Agent(Script(stdout=f"jailpanel-agent 1 {CHECKSUM}\n".encode()))
    await agent.check_version(AgentVersion("1", CHECKSUM))


class Echo(Script):
    """Answers facts with sections under the nonce that it was asked with."""

    async def request(self, words, **more) -> Answer:
        nonce = words[1]
        sections = ("now", b"1700000000\n"), ("done", b"")
        self.stdout = b"".join(
            b"\n@@%s OUT %s\n%s\n@@%s ERR %s\n\n@@%s RC %s 0\n"
            % (nonce.encode(), key.encode(), text, nonce.encode(), key.encode(), nonce.encode(), key.encode())
            for key, text in sections
        )
        return await super().request(words, **more)


async def test_each_probe_has_a_nonce_of_its_own() -> None:
    channel = Echo()
    agent = Agent(channel)
    facts = [await agent.facts(), await agent.facts()]
    assert [found["now"].stdout for found in facts] == [b"1700000000\n"] * 2
    (first, _), (second, _) = channel.asked
    assert first[0] == "facts"
    assert first[1] != second[1]
    assert len(first[1]) == 32


async def test_facts_cut_short_are_none() -> None:
    with pytest.raises(ParseError):
        await Agent(Script(stdout=b"\n@@0 OUT now\n170")).facts()


async def test_start_sends_one_argument_a_line_and_their_length() -> None:
    channel = Script(stdout=f"started {RUN}\n".encode())
    argv = ("/usr/local/bin/ezjail-admin", "create", "test", "lo0|10.0.0.2/24", "", "ü")
    assert await Agent(channel).start(RUN, argv, "alice", "17") is True
    lines = "/usr/local/bin/ezjail-admin\ncreate\ntest\nlo0|10.0.0.2/24\n\nü\n".encode()
    assert channel.asked == [(("start", RUN, str(len(lines)), "alice", "17"), lines)]


async def test_a_run_that_was_started_before_is_not_started_again() -> None:
    channel = Script(75, f"exists {RUN}\n".encode())
    assert await Agent(channel).start(RUN, ("/bin/x",), "alice", "17") is False


@pytest.mark.parametrize("argument", ["a\nb", "a\0b", "\n", "\ud800"])
async def test_an_argument_that_is_no_line_is_never_sent(argument) -> None:
    channel = Script()
    with pytest.raises(InvalidInput):
        await Agent(channel).start(RUN, ("/bin/x", argument), "alice", "17")
    assert channel.asked == []


def test_no_arguments_are_no_command() -> None:
    with pytest.raises(InvalidInput):
        argument_lines(())


@pytest.mark.parametrize(
    ("status", "stdout", "kind"),
    [
        (64, b"", RequestRefused),
        (65, b"", RequestRefused),
        (77, b"", RequestRefused),
        (73, b"", CommandFailed),
        (0, b"started another-run\n", ParseError),
        (0, b"", ParseError),
        (75, b"", ParseError),
        (2, b"", ParseError),
    ],
)
async def test_start_that_did_not_start_says_why(status, stdout, kind) -> None:
    agent = Agent(Script(status, stdout, b"jailpanel-agent: because\x1b[2J\n"))
    with pytest.raises(PanelError) as caught:
        await agent.start(RUN, ("/bin/x",), "alice", "17")
    assert type(caught.value) is kind
    assert "jailpanel-agent: because" in caught.value.message
    assert "\x1b" not in caught.value.message


@pytest.mark.parametrize(
    ("status", "stderr", "end"),
    [
        (0, b"exit 0\n", RunEnd(0, lost=False)),
        (0, b"exit 143\n", RunEnd(143, lost=False)),
        (0, b"something before\nexit 1\n", RunEnd(1, lost=False)),
        (76, b"lost\n", RunEnd(None, lost=True)),
        (0, b"exit 1 full\n", RunEnd(1, lost=False, disk_full=True)),
        (0, b"exit 0 full\n", RunEnd(0, lost=False, disk_full=True)),
        (76, b"said before\nlost full\n", RunEnd(None, lost=True, disk_full=True)),
    ],
)
async def test_follow_says_how_the_run_ended(status, stderr, end) -> None:
    got = []

    async def keep(data: bytes) -> None:
        got.append(data)

    channel = Script(status, b"output", stderr)
    assert await Agent(channel).follow(RUN, 7, keep) == end
    assert channel.asked == [(("follow", RUN, "7"), b"")]
    assert got == [b"output"]


@pytest.mark.parametrize(
    ("status", "stderr"),
    [
        (0, b""),
        (0, b"exit\n"),
        (0, b"lost\n"),
        (0, b"full\n"),
        (0, b"exit full\n"),
        (0, b"exit 0 fully\n"),
        (76, b"exit 0\n"),
        (76, b"exit 0 full\n"),
        (0, b"exit 0\nmore\n"),
    ],
)
async def test_follow_without_an_end_is_not_understood(status, stderr) -> None:
    with pytest.raises(ParseError):
        await Agent(Script(status, b"", stderr)).follow(RUN, 0, take)


async def test_a_run_that_the_host_does_not_know_is_told_apart() -> None:
    agent = Agent(Script(66, b"", b"jailpanel-agent: no such run\n"))
    with pytest.raises(UnknownRun):
        await agent.follow(RUN, 0, take)
    with pytest.raises(UnknownRun):
        await agent.cancel(RUN)


async def test_cancel_is_content_when_the_agent_is() -> None:
    channel = Script(0, f"cancelled {RUN}\n".encode())
    await Agent(channel).cancel(RUN)
    assert channel.asked == [(("cancel", RUN), b"")]


async def test_read_gives_the_bytes() -> None:
    channel = Script(0, b"\x00\xff\n")
    assert await Agent(channel).read("/etc/fstab.test") == b"\x00\xff\n"
    assert channel.asked == [(("read", "/etc/fstab.test"), b"")]


async def test_a_missing_file_is_told_apart_from_a_forbidden_one() -> None:
    with pytest.raises(NoSuchFile):
        await Agent(Script(66)).read("/etc/fstab.test")
    with pytest.raises(RequestRefused, match="allow-list"):
        await Agent(Script(77, b"", b"jailpanel-agent: not on the allow-list\n")).read("/etc/master.passwd")


async def test_write_replaces_what_is_as_expected() -> None:
    new = hashlib.sha256(b"new").hexdigest()
    channel = Script(0, f"{new}\n".encode())
    assert await Agent(channel).write("/etc/fstab.test", CHECKSUM, b"new", "alice", "17") == new
    assert await Agent(channel).write("/etc/fstab.test", None, b"new", "alice", "17") == new
    assert channel.asked == [
        (("write", "/etc/fstab.test", CHECKSUM, "3", "alice", "17"), b"new"),
        (("write", "/etc/fstab.test", "-", "3", "alice", "17"), b"new"),
    ]


@pytest.mark.parametrize(
    ("status", "stdout", "kind"),
    [
        (75, b"", Conflict),
        (77, b"", RequestRefused),
        (74, b"", CommandFailed),
        (0, b"b" * 64 + b"\n", CommandFailed),
        (0, b"", CommandFailed),
    ],
)
async def test_write_that_did_not_write_says_why(status, stdout, kind) -> None:
    with pytest.raises(kind):
        await Agent(Script(status, stdout)).write("/etc/fstab.test", CHECKSUM, b"new", "alice", "17")
