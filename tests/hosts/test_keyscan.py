"""Fetching the key that a new host shows: noted for someone to compare, never trusted."""

from __future__ import annotations

import asyncio

import asyncssh
import pytest

from apps.freebsd.channel import loop
from apps.freebsd.channel.keys import public_line
from apps.freebsd.errors import HostUnreachable
from apps.hosts import keyscan
from apps.hosts.keyscan import scan
from apps.hosts.models import Host, HostState
from tests.hosts.keys import FIRST, SECOND
from tests.places import make_host


@pytest.fixture
def new(db) -> Host:
    return make_host("beta", state=HostState.NEW, host_key="", seen_at=None, tried_at=None, port=2222)


@pytest.fixture
def shown(monkeypatch):
    """What hosts show when they are asked for their key, and who was asked."""
    asked, answer = [], [FIRST]

    async def scan_host_key(address, port, timeout_s):
        asked.append((address, port))
        if isinstance(answer[0], Exception):
            raise answer[0]
        return answer[0]

    monkeypatch.setattr(keyscan, "scan_host_key", scan_host_key)
    return asked, answer


def test_the_key_waits_for_someone_to_compare_it(new, shown, sent, django_capture_on_commit_callbacks):
    asked, _ = shown
    with django_capture_on_commit_callbacks(execute=True):
        scan(new.pk)
    new.refresh_from_db()
    assert asked == [("192.0.2.1", 2222)]
    assert (new.state, new.offered_key, new.host_key) == (HostState.UNVERIFIED, FIRST, "")
    assert not new.may_be_contacted
    assert new.tried_at is not None
    assert f"host:{new.pk}" in sent.topics


def test_a_host_that_does_not_answer_says_why_and_stays_new(new, shown):
    _, answer = shown
    answer[0] = HostUnreachable("192.0.2.1 refuses connections on port 2222.")
    scan(new.pk)
    new.refresh_from_db()
    assert (new.state, new.offered_key) == (HostState.NEW, "")
    assert new.state_reason == "192.0.2.1 refuses connections on port 2222."
    assert new.tried_at is not None


def test_a_host_that_answers_later_forgets_why_it_did_not(new, shown):
    Host.objects.update(state_reason="192.0.2.1 refuses connections.")
    scan(new.pk)
    new.refresh_from_db()
    assert new.state_reason == ""


@pytest.mark.parametrize("state", set(HostState) - {HostState.NEW})
def test_only_a_new_host_is_asked(new, shown, state):
    asked, _ = shown
    Host.objects.update(state=state, offered_key=SECOND)
    scan(new.pk)
    new.refresh_from_db()
    assert asked == []
    assert (new.state, new.offered_key) == (state, SECOND)


def test_the_panels_own_machine_has_no_key(new, shown):
    asked, _ = shown
    Host.objects.update(channel="doas")
    scan(new.pk)
    assert asked == []


def test_a_key_that_was_confirmed_meanwhile_is_not_doubted_again(new, monkeypatch):
    async def slow(*_where):
        return SECOND

    def run(coroutine, timeout_s):
        Host.objects.update(state=HostState.UNREACHABLE, host_key=FIRST)
        return asyncio.run(coroutine)

    monkeypatch.setattr(keyscan, "scan_host_key", slow)
    monkeypatch.setattr(keyscan.loop, "run", run)
    scan(new.pk)
    new.refresh_from_db()
    assert (new.state, new.host_key, new.offered_key) == (HostState.UNREACHABLE, FIRST, "")


@pytest.mark.django_db(transaction=True)
def test_a_real_ssh_server_is_asked_for_its_key_and_nothing_more(sent):
    key = asyncssh.generate_private_key("ssh-ed25519")
    signed_in = []

    class Server(asyncssh.SSHServer):
        def begin_auth(self, username: str) -> bool:
            signed_in.append(username)
            return True

    async def listen() -> asyncssh.SSHAcceptor:
        return await asyncssh.listen("127.0.0.1", 0, server_host_keys=[key], server_factory=Server)

    async def close() -> None:
        server.close()
        await server.wait_closed()

    server = loop.run(listen())
    try:
        host = make_host(
            "beta", address="127.0.0.1", port=server.get_port(), state=HostState.NEW, host_key=""
        )
        scan(host.pk)
    finally:
        loop.run(close())
    host.refresh_from_db()
    assert (host.state, host.offered_key) == (HostState.UNVERIFIED, public_line(key))
    assert signed_in == []
