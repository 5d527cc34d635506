"""Trying a host's agent without changing anything: `manage.py host_check NAME` and the contract suite."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import NamedTuple

from apps.freebsd.channel.agent import Agent, AgentVersion, UnknownRun
from apps.freebsd.errors import PanelError, RequestRefused
from apps.freebsd.parsers.facts import HostFacts, parse_facts
from apps.hosts.panel_key import our_agent

_CLOCK_SKEW = timedelta(minutes=5)
_EZJAIL = "/usr/local/bin/ezjail-admin"

# Each would do no harm even on a host whose agent lets it through.
FORBIDDEN_COMMANDS: tuple[tuple[str, ...], ...] = (
    ("/usr/bin/true",),
    ("true",),
    ("/bin/sh", "-c", "true"),
    ("/usr/bin/env", "true"),
    ("/usr/bin/script", "-q", "/dev/null", "true"),
    (_EZJAIL,),
    (_EZJAIL, "list"),
    (_EZJAIL, "onestart"),
    (_EZJAIL, "onestop", "-x"),
    (_EZJAIL, "onestop", "../x"),
    (_EZJAIL, "onestop", "$(true)"),
    (_EZJAIL, "onestop", "x;true"),
    (_EZJAIL, "onestop", "x", "y"),
)
FORBIDDEN_FILES = ("/etc/master.passwd", "/etc/fstab.x/../master.passwd", "/root/.ssh/authorized_keys")


class Check(NamedTuple):
    """One thing that was tried: what should hold, whether it does, and what was seen."""

    check: str
    ok: bool
    detail: str


async def host_check(agent: Agent, expected: AgentVersion | None = None) -> list[Check]:
    """Try a host's agent, changing nothing, and say what holds.

    Args:
        agent: The way to the host.
        expected: Which agent should be there; None for the panel's own copy.
    """
    checks = [
        await _check("The agent is the panel's copy", partial(_version, agent, expected or our_agent())),
        await _check("A probe is whole and understood", partial(_facts, agent)),
        await _check("A run that was never started is unknown", partial(_unknown_run, agent)),
    ]
    checks += [
        await _refused(f"“{' '.join(argv)}” is refused", partial(_start, agent, argv))
        for argv in FORBIDDEN_COMMANDS
    ]
    for path in FORBIDDEN_FILES:
        checks.append(await _refused(f"{path} is not shown", partial(agent.read, path)))
        checks.append(await _refused(f"{path} is not written", partial(_write, agent, path)))
    return checks


async def _check(name: str, attempt: Callable[[], Awaitable[str]]) -> Check:
    try:
        return Check(name, ok=True, detail=await attempt())
    except PanelError as error:
        return Check(name, ok=False, detail=error.message)


async def _refused(name: str, attempt: Callable[[], Awaitable[object]]) -> Check:
    try:
        done = await attempt()
    except RequestRefused as error:
        return Check(name, ok=type(error) is RequestRefused, detail=error.message)
    except PanelError as error:
        return Check(name, ok=False, detail=error.message)
    return Check(name, ok=False, detail=f"the host did it, and answered {done!r}")


async def _version(agent: Agent, expected: AgentVersion) -> str:
    await agent.check_version(expected)
    return f"protocol {expected.protocol}, checksum {expected.checksum[:12]}…"


async def _facts(agent: Agent) -> str:
    facts = parse_facts(await agent.facts())
    if doubts := implausible(facts):
        raise PanelError("; ".join(doubts))
    notes = "".join(f"; {problem}" for problem in facts.problems)
    return f"{facts.hostname}, FreeBSD {facts.release}, {len(facts.jails)} jails{notes}"


def implausible(facts: HostFacts) -> list[str]:
    """Return what cannot be true of a host, in sentences."""
    claims = {
        f"its clock says {facts.now}": abs(facts.now - datetime.now(UTC)) < _CLOCK_SKEW,
        f"it was started at {facts.boot_at}": facts.boot_at <= facts.now + _CLOCK_SKEW,
        f"the agent runs as user {facts.uid}, not as root": facts.uid == 0,
        "it has no name": bool(facts.hostname),
        f"it has {facts.ncpu} CPUs": facts.ncpu > 0,
        f"it has {facts.memory_bytes} bytes of memory": facts.memory_bytes > 64 * 1024 * 1024,
        "it has no network interface lo0": any(found.name == "lo0" for found in facts.interfaces),
        "it has no ezjail": facts.ezjail.installed,
    }
    return [claim for claim, plausible in claims.items() if not plausible]


async def _unknown_run(agent: Agent) -> str:
    run_id = f"check-{secrets.token_hex(8)}"

    async def ignore(_data: bytes) -> None:
        """A run that does not exist has no output."""

    try:
        end = await agent.follow(run_id, 0, ignore)
    except UnknownRun as error:
        return error.message
    raise PanelError(f"The host knows how it ended: {end}")


async def _start(agent: Agent, argv: tuple[str, ...]) -> bool:
    return await agent.start(f"check-{secrets.token_hex(8)}", argv, "host_check", "check")


async def _write(agent: Agent, path: str) -> str:
    """The checksum is that of no file: even an agent that takes the path would not change it."""
    return await agent.write(path, "0" * 64, b"", "host_check", "check")
