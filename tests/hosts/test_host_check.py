"""The harmless check of a host's agent, against agents that are not as they should be."""

from __future__ import annotations

import asyncio
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from apps.freebsd.channel.agent import AgentVersion, NoSuchFile, RunEnd, UnknownRun
from apps.freebsd.errors import AgentMissing, HostUnreachable, ParseError, RequestRefused
from apps.hosts import host_check as module
from apps.hosts.host_check import FORBIDDEN_COMMANDS, FORBIDDEN_FILES, Check, host_check
from apps.hosts.models import Host

OURS = AgentVersion("1", "a" * 64)


class StrictAgent:
    """Refuses what an agent must refuse; it cannot be probed."""

    async def check_version(self, expected: AgentVersion) -> None:
        assert expected == OURS

    async def facts(self):
        raise ParseError("cut short")

    async def follow(self, *_):
        raise UnknownRun("unknown")

    async def start(self, *_):
        raise RequestRefused("not on the allow-list")

    async def read(self, *_):
        raise RequestRefused("not on the allow-list")

    async def write(self, *_):
        raise RequestRefused("not on the allow-list")


class LaxAgent(StrictAgent):
    """Does whatever it is asked."""

    async def check_version(self, *_) -> None:
        raise AgentMissing("another copy")

    async def follow(self, *_):
        return RunEnd(0, lost=False)

    async def start(self, *_):
        return True

    async def read(self, *_):
        raise NoSuchFile("looked, and there is none")

    async def write(self, *_):
        return "b" * 64


def check(agent) -> list[Check]:
    return asyncio.run(host_check(agent, OURS))


def test_an_agent_that_refuses_as_it_must_fails_only_in_the_probe() -> None:
    assert [found.check for found in check(StrictAgent()) if not found.ok] == [
        "A probe is whole and understood"
    ]


def test_an_agent_that_does_whatever_it_is_asked_fails_in_all() -> None:
    found = check(LaxAgent())
    assert [one for one in found if one.ok] == []
    assert len(found) == 3 + len(FORBIDDEN_COMMANDS) + 2 * len(FORBIDDEN_FILES)
    assert found[0].detail == "another copy"
    assert "the host did it" in found[-1].detail


def test_a_host_that_goes_away_is_a_result_not_an_error() -> None:
    class Away(StrictAgent):
        async def start(self, *_):
            raise HostUnreachable("no route")

    assert {found.detail for found in check(Away()) if not found.ok} == {"cut short", "no route"}


@pytest.fixture
def host(db) -> Host:
    return Host.objects.create(name="alpha", address="192.0.2.1")


@pytest.fixture
def found(monkeypatch):
    """Let the command find what a test says."""

    def set_found(*checks: Check) -> None:
        async def fake(_agent) -> list[Check]:
            return list(checks)

        command = "apps.hosts.management.commands.host_check"
        monkeypatch.setattr(f"{command}.host_check", fake)
        monkeypatch.setattr(f"{command}.agent_of", lambda _host: None)

    return set_found


def test_the_command_prints_what_holds(host, found) -> None:
    found(Check("A thing", ok=True, detail="seen"))
    out = StringIO()
    call_command("host_check", "alpha", stdout=out)
    assert out.getvalue().splitlines() == ["holds  A thing: seen", "All 1 checks hold on alpha."]


def test_the_command_fails_when_something_does_not_hold(host, found) -> None:
    found(Check("A thing", ok=True, detail="seen"), Check("Another", ok=False, detail="not so"))
    out = StringIO()
    with pytest.raises(CommandError, match="1 of 2 checks failed on alpha"):
        call_command("host_check", "alpha", stdout=out)
    assert "FAILS  Another: not so" in out.getvalue()


def test_the_command_knows_only_hosts_of_the_panel(db) -> None:
    with pytest.raises(CommandError, match="no host “192\\.0\\.2\\.1”"):
        call_command("host_check", "192.0.2.1")


def test_a_host_whose_key_nobody_confirmed_is_not_tried(host) -> None:
    with pytest.raises(CommandError, match="confirmed"):
        call_command("host_check", "alpha", stdout=StringIO())


def test_what_is_tried_is_harmless_even_where_it_is_let_through() -> None:
    harmless = {"/usr/bin/true", "true"}
    for argv in module.FORBIDDEN_COMMANDS:
        words = [word for word in argv if word not in {"/usr/bin/env", "/usr/bin/script", "-q", "/dev/null"}]
        is_true = words[0] in harmless or words == ["/bin/sh", "-c", "true"]
        assert is_true or words[0].endswith("/ezjail-admin")
        assert not {"delete", "create", "install", "config"} & set(words)
