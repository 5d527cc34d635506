"""Requests over SSH: what arrives, what is kept open, and every way in which it can go wrong."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket

import asyncssh
import pytest

from apps.freebsd.channel import line
from apps.freebsd.channel.ssh import SshChannel, SshTarget
from apps.freebsd.errors import (
    AccessRefused,
    AgentMissing,
    ConnectionLost,
    HostKeyChanged,
    HostUnreachable,
    InvalidInput,
    ParseError,
)
from tests.freebsd.channel.conftest import until

pytestmark = pytest.mark.anyio


async def ask(channel: SshChannel, *words: str, timeout_s: float = 5, **more):
    return await channel.request(words, timeout_s=timeout_s, **more)


async def hang(process) -> None:
    await asyncio.Event().wait()


async def take_nothing(data: bytes) -> None:
    """Take output and do nothing with it."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


async def test_words_and_stdin_arrive_and_all_of_the_answer_comes_back(channel) -> None:
    answer = await ask(channel, "start", "run-12345678", "5", stdin=b"a\nb\n\x00")
    assert answer.stdout == b"start run-12345678 5|a\nb\n\x00"
    assert answer.stderr == b"said on stderr\n"
    assert answer.status == 0


async def test_requests_share_one_connection(host, channel) -> None:
    await asyncio.gather(*(ask(channel, "facts", str(number)) for number in range(30)))
    await ask(channel, "version")
    assert len(host.connections) == 1
    assert len(host.commands) == 31


async def test_not_more_sessions_at_once_than_openssh_allows(host, channel) -> None:
    open_now, most = 0, 0

    async def count(process) -> None:
        nonlocal open_now, most
        open_now += 1
        most = max(most, open_now)
        await process.stdin.read()
        await asyncio.sleep(0)
        open_now -= 1
        process.exit(0)

    host.handlers["facts"] = count
    await asyncio.gather(*(ask(channel, "facts") for _ in range(40)))
    assert most <= 8


async def test_large_answers_and_large_stdin_pass(host, channel) -> None:
    big = b"x" * 5_000_000
    answer = await ask(channel, "write", stdin=big)
    assert answer.stdout == b"write|" + big


async def test_streamed_output_comes_in_order_and_the_sender_waits_for_a_slow_reader(host, channel) -> None:
    sent, stdout = 0, None

    async def pour(process) -> None:
        nonlocal sent, stdout
        stdout = process.stdout
        for number in range(4000):
            process.stdout.write(b"%08d" % number * 1024)
            await process.stdout.drain()
            sent += 8192
        process.exit(0)

    host.handlers["follow"] = pour
    got, resume = bytearray(), asyncio.Event()

    async def slow(data: bytes) -> None:
        got.extend(data)
        await resume.wait()

    task = asyncio.create_task(ask(channel, "follow", timeout_s=1, on_bytes=slow))
    await until(lambda: len(got) > 0)
    await until(lambda: stdout.channel.get_write_buffer_size() > 0)
    assert sent < 16_000_000
    resume.set()
    answer = await task
    assert answer.stdout == b""
    assert bytes(got) == b"".join(b"%08d" % number * 1024 for number in range(4000))


async def test_time_that_the_reader_takes_is_not_the_hosts_silence(host, channel) -> None:
    async def slow(data: bytes) -> None:
        await asyncio.sleep(1.2)

    answer = await ask(channel, "follow", timeout_s=1, on_bytes=slow)
    assert answer.status == 0


async def test_an_error_of_the_reader_is_not_the_hosts(host, channel) -> None:
    async def broken(data: bytes) -> None:
        raise TimeoutError("the database")

    with pytest.raises(TimeoutError, match="the database"):
        await ask(channel, "follow", on_bytes=broken)
    assert (await ask(channel, "version")).status == 0


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("",),
        ("version", ""),
        ("-o",),
        ("read", "/etc/passwd; id"),
        ("read", "/etc/passwd\nid"),
        ("read", "/etc/passwd\n"),
        ("read", "$(id)"),
        ("read", "`id`"),
        ("read", "a\\b"),
        ("read", "a'b"),
        ("read", 'a"b'),
        ("read", "a\0b"),
        ("read", "*"),
        ("read", "a b"),
        ("read", "ü"),
        ("read", "１"),
        ("read", "~root"),
        ("read", "a" * 9000),
    ],
)
async def test_words_in_which_a_shell_could_read_more_never_leave(host, channel, words) -> None:
    with pytest.raises(InvalidInput):
        await ask(channel, *words)
    assert host.connections == []


async def test_a_closed_connection_is_opened_again_unnoticed(host, channel) -> None:
    await ask(channel, "version")
    host.connections[0].abort()
    assert (await ask(channel, "version")).status == 0
    assert len(host.connections) == 2


async def test_a_connection_that_died_in_silence_is_opened_again(host, key_path) -> None:
    async with relayed(host) as relay:
        channel = SshChannel(host.target(port=relay.port), connect_timeout_s=1.5)
        await ask(channel, "version")
        relay.freeze()
        assert (await ask(channel, "version")).status == 0
        assert len(host.connections) == 2
        await channel.close()


async def test_a_line_that_dies_in_silence_under_a_quiet_run_is_noticed(host, monkeypatch) -> None:
    monkeypatch.setattr(line, "_KEEPALIVE_S", 0.1)
    host.handlers["follow"] = hang
    async with relayed(host) as relay:
        channel = SshChannel(host.target(port=relay.port))
        task = asyncio.create_task(ask(channel, "follow", timeout_s=60))
        await until(lambda: bool(host.commands))
        relay.freeze()
        async with asyncio.timeout(5):
            with pytest.raises(ConnectionLost):
                await task
        await channel.close()


async def test_a_line_that_dies_in_silence_is_noticed_within_25_seconds() -> None:
    # asyncssh gives a line up one interval after the last of its questions went unanswered
    assert line._KEEPALIVE_S * (line._KEEPALIVE_MISSES + 1) < 25


async def test_a_request_that_the_host_may_have_is_never_sent_twice(host, channel) -> None:
    async def drop(process) -> None:
        host.connections[-1].abort()

    await ask(channel, "version")
    host.handlers["start"] = drop
    with pytest.raises(ConnectionLost):
        await ask(channel, "start", "run-12345678")
    assert [command.split()[0] for command in host.commands] == ["version", "start"]


async def test_line_lost_in_the_middle_says_so_and_keeps_what_came(host, channel) -> None:
    async def drop(process) -> None:
        process.stdout.write(b"half of ")
        await process.stdout.drain()
        await until(lambda: bool(got))
        host.connections[-1].abort()

    host.handlers["follow"] = drop
    got = bytearray()

    async def take(data: bytes) -> None:
        got.extend(data)

    with pytest.raises(ConnectionLost, match="was lost"):
        await ask(channel, "follow", on_bytes=take)
    assert got == b"half of "
    assert (await ask(channel, "version")).status == 0


async def test_agent_killed_by_a_signal_is_a_lost_line(host, channel) -> None:
    async def killed(process) -> None:
        process.exit_with_signal("KILL")

    host.handlers["facts"] = killed
    with pytest.raises(ConnectionLost, match="SIGKILL"):
        await ask(channel, "facts")


async def test_silence_ends_a_request_and_leaves_the_connection(host, channel) -> None:
    host.handlers["facts"] = hang
    with pytest.raises(HostUnreachable, match=r"not answered for 0\.1 seconds"):
        await ask(channel, "facts", timeout_s=0.1)
    assert (await ask(channel, "version")).status == 0
    assert len(host.connections) == 1


async def test_each_byte_starts_the_waiting_anew(host, channel) -> None:
    async def drip(process) -> None:
        for _ in range(6):
            process.stderr.write(b".")
            await asyncio.sleep(0.2)
        process.exit(0)

    host.handlers["follow"] = drip
    assert (await ask(channel, "follow", timeout_s=1, on_bytes=take_nothing)).stderr == b"......"


async def test_a_host_that_drips_byte_by_byte_is_not_waited_for_for_ever(host, channel) -> None:
    async def drip(process) -> None:
        while True:
            process.stderr.write(b".")
            await asyncio.sleep(0.02)

    host.handlers["facts"] = drip
    async with asyncio.timeout(5):
        with pytest.raises(HostUnreachable, match=r"not finished its answer within 0\.6 seconds"):
            await ask(channel, "facts", timeout_s=0.2)
    assert (await ask(channel, "version")).status == 0


async def test_an_endless_answer_is_cut(host, channel) -> None:
    async def pour(process) -> None:
        while True:
            process.stdout.write(b"x" * 65536)
            await process.stdout.drain()

    host.handlers["facts"] = pour
    with pytest.raises(ParseError, match="too large"):
        await ask(channel, "facts")
    assert (await ask(channel, "version")).status == 0


async def test_a_cancelled_request_lets_go_of_its_session(host, channel) -> None:
    gone = asyncio.Event()

    async def wait(process) -> None:
        try:
            await process.wait_closed()
        finally:
            gone.set()

    host.handlers["follow"] = wait
    task = asyncio.create_task(ask(channel, "follow"))
    await until(lambda: bool(host.commands))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with asyncio.timeout(5):
        await gone.wait()
    assert (await ask(channel, "version")).status == 0


async def test_another_key_stops_everything_and_is_shown(host) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    channel = SshChannel(host.target(host_key=other))
    with pytest.raises(HostKeyChanged, match="another host key") as caught:
        await ask(channel, "version")
    assert caught.value.offered == host.target().host_key
    assert "SHA256:" in caught.value.message
    assert host.commands == []


async def test_a_host_without_a_key_of_the_pinned_type_has_another_key(host) -> None:
    pinned = asyncssh.generate_private_key("ecdsa-sha2-nistp256").export_public_key().decode()
    channel = SshChannel(host.target(host_key=pinned))
    with pytest.raises(HostKeyChanged) as caught:
        await ask(channel, "version")
    assert caught.value.offered == host.target().host_key


@pytest.mark.parametrize("pinned", [0, 1, 2])
async def test_any_of_a_hosts_keys_may_be_the_pinned_one(host, pinned) -> None:
    await host.stop()
    host.host_keys += [
        asyncssh.generate_private_key("ecdsa-sha2-nistp256"),
        asyncssh.generate_private_key("ssh-rsa", key_size=2048),
    ]
    await host.listen()
    key = host.host_keys[pinned].export_public_key().decode()
    channel = SshChannel(host.target(host_key=key))
    assert (await ask(channel, "version")).status == 0
    await channel.close()


async def test_a_host_whose_key_nobody_confirmed_is_not_spoken_to(host) -> None:
    channel = SshChannel(host.target(host_key=None))
    with pytest.raises(InvalidInput, match="confirmed"):
        await ask(channel, "version")
    assert host.connections == []


async def test_a_refused_key_is_an_access_error(host, channel) -> None:
    host.allow = False
    with pytest.raises(AccessRefused, match="does not let jailpanel in"):
        await ask(channel, "version")


async def test_a_missing_private_key_is_an_access_error(host, tmp_path) -> None:
    channel = SshChannel(host.target(private_key_path=tmp_path / "none"))
    with pytest.raises(AccessRefused, match="missing"):
        await ask(channel, "version")


@pytest.mark.parametrize(
    ("status", "stderr"),
    [
        (127, b"sh: /usr/local/libexec/jailpanel-agent: not found\n"),
        (126, b"sh: /usr/local/libexec/jailpanel-agent: Permission denied\n"),
        (1, b"/usr/local/libexec/jailpanel-agent: Command not found.\n"),
        (1, b"This account is currently not available.\n"),
    ],
)
async def test_a_shell_that_finds_no_agent_is_told_apart(host, channel, status, stderr) -> None:
    async def shell(process) -> None:
        process.stderr.write(stderr)
        process.exit(status)

    host.handlers["version"] = shell
    with pytest.raises(AgentMissing, match="not installed"):
        await ask(channel, "version")


async def test_a_closed_port_says_that_nobody_listens(key_path, host) -> None:
    channel = SshChannel(host.target(port=free_port()))
    with pytest.raises(HostUnreachable, match="refused the connection"):
        await ask(channel, "version")


async def test_several_closed_addresses_of_one_name_say_the_same(host) -> None:
    channel = SshChannel(host.target(address="localhost", port=free_port()))
    with pytest.raises(HostUnreachable, match="refused the connection"):
        await ask(channel, "version")


async def test_an_unknown_name_says_so(host) -> None:
    channel = SshChannel(host.target(address="no-such-host.invalid"))
    with pytest.raises(HostUnreachable, match=r"name no-such-host\.invalid is not known"):
        await ask(channel, "version")


async def test_a_host_without_a_route_says_so(host, monkeypatch) -> None:
    async def no_route(*args, **kwargs):
        raise OSError(113, "No route to host")

    monkeypatch.setattr(asyncio.get_running_loop(), "create_connection", no_route)
    channel = SshChannel(host.target())
    with pytest.raises(HostUnreachable, match="no route to 127"):
        await ask(channel, "version")


@contextlib.asynccontextmanager
async def greeting_server(greeting: bytes):
    """Give the port of a server that says one thing and then nothing."""

    async def greet(reader, writer) -> None:
        writer.write(greeting)
        with contextlib.suppress(ConnectionResetError):
            await reader.read()
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


@pytest.mark.parametrize(
    ("greeting", "timeout_s", "reason"),
    [
        (b"", 0.3, "did not answer within 0.3 seconds"),
        (b"SSH-1.5-old\r\n", 20, "not as an SSH server of version 2"),
        (
            b"SSH-2.0-x\r\n\0\0\0\0garbage that is no packet",
            20,
            "answers, but not as an SSH server|closed the",
        ),
    ],
)
async def test_what_is_no_ssh_server_is_named(host, greeting, timeout_s, reason) -> None:
    async with greeting_server(greeting) as port:
        channel = SshChannel(host.target(port=port), connect_timeout_s=timeout_s)
        with pytest.raises(HostUnreachable, match=reason):
            await ask(channel, "version")


async def test_waiting_requests_share_one_failed_attempt(host) -> None:
    async with greeting_server(b"") as port, asyncio.timeout(2):
        channel = SshChannel(host.target(port=port), connect_timeout_s=0.3)
        outcomes = await asyncio.gather(*(ask(channel, "version") for _ in range(20)), return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {HostUnreachable}


async def test_an_idle_connection_is_let_go_and_opened_when_needed(host) -> None:
    channel = SshChannel(host.target(), idle_s=0.05)
    await ask(channel, "version")
    await until(host.connections[0].is_closed)
    assert (await ask(channel, "version")).status == 0
    await channel.close()


async def test_a_busy_connection_is_not_idle(host) -> None:
    channel = SshChannel(host.target(), idle_s=0)
    host.handlers["follow"] = hang
    task = asyncio.create_task(ask(channel, "follow"))
    await until(lambda: bool(host.commands))
    for _ in range(3):
        await ask(channel, "version")
    assert len(host.connections) == 1
    assert not task.done()
    task.cancel()
    await asyncio.wait([task])
    await channel.close()


async def test_closing_ends_what_is_in_flight(host, channel) -> None:
    host.handlers["follow"] = hang
    task = asyncio.create_task(ask(channel, "follow"))
    await until(lambda: bool(host.commands))
    await channel.close()
    with pytest.raises(ConnectionLost):
        await task


async def test_closing_while_connecting_is_no_cancellation(host) -> None:
    async with greeting_server(b"") as port:
        channel = SshChannel(host.target(port=port))
        task = asyncio.create_task(ask(channel, "version"))
        await until(lambda: channel._opening is not None)
        await channel.close()
        with pytest.raises(HostUnreachable):
            await task


async def test_a_host_that_refuses_commands_is_an_access_error(host, channel) -> None:
    await host.stop()
    host.runs_commands = False
    await host.listen()
    with pytest.raises(AccessRefused, match="does not let it run the agent"):
        await ask(channel, "version")


async def test_standard_input_is_in_no_log(host, channel, caplog) -> None:
    caplog.set_level(logging.DEBUG)
    await ask(channel, "write", stdin=b"the-secret-content")
    assert "the-secret-content" not in caplog.text


def test_a_target_is_a_value(key_path) -> None:
    assert SshTarget("a", 22, "u", "k", key_path) == SshTarget("a", 22, "u", "k", key_path)
    assert len({SshTarget("a", 22, "u", "k", key_path), SshTarget("a", 22, "u", "k", key_path)}) == 1


@contextlib.asynccontextmanager
async def relayed(host):
    """Put a relay before a host."""
    relay = await Relay.to(host.port)
    try:
        yield relay
    finally:
        await relay.close()


class Relay:
    """Passes bytes on to a port; frozen, it keeps old connections open and silent, and passes new ones."""

    def __init__(self, port: int) -> None:
        self._to_port = port
        self._pumps: list[asyncio.Task] = []
        self._writers: list[asyncio.StreamWriter] = []

    @classmethod
    async def to(cls, port: int) -> Relay:
        relay = cls(port)
        relay._server = await asyncio.start_server(relay._accept, "127.0.0.1", 0)
        relay.port = relay._server.sockets[0].getsockname()[1]
        return relay

    async def _accept(self, reader, writer) -> None:
        to_reader, to_writer = await asyncio.open_connection("127.0.0.1", self._to_port)
        self._writers += [writer, to_writer]
        for source, sink in ((reader, to_writer), (to_reader, writer)):
            self._pumps.append(asyncio.create_task(self._pump(source, sink)))

    async def _pump(self, source, sink) -> None:
        while data := await source.read(65536):
            sink.write(data)
            await sink.drain()

    def freeze(self) -> None:
        for pump in self._pumps:
            pump.cancel()
        self._pumps.clear()

    async def close(self) -> None:
        self.freeze()
        for writer in self._writers:
            writer.close()
        self._server.close()
