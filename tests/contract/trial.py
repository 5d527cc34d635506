"""One trial of a host: the way to it, what is expected of it, and what was found."""

from __future__ import annotations

import asyncio
import secrets
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from apps.freebsd.channel.agent import Agent, RunEnd
from apps.freebsd.channel.ssh import SshChannel
from apps.freebsd.errors import PanelError
from apps.freebsd.parsers.facts import HostFacts, parse_facts
from apps.freebsd.values import DEFAULT_MIRROR, Mirror

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Sequence

    from apps.freebsd.channel import Channel
    from apps.freebsd.commands import Command
    from apps.freebsd.parsers.jails import JailFacts

USER, JOB = "contract", "contract"


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that was expected, with both texts."""

    case: str
    what: str
    expected: str
    found: str

    @property
    def held(self) -> bool:
        return self.expected == self.found


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a command on the host ended and what it printed, both streams in order."""

    run_id: str
    end: RunEnd
    output: bytes

    @property
    def text(self) -> str:
        return self.output.decode("utf-8", "replace")


@dataclass
class Trial:
    """The way to one host, and the list of what was expected and found.

    Args:
        channel: The way to its agent.
        mirror: Where it installs its basejail from.
    """

    channel: Channel
    mirror: Mirror = DEFAULT_MIRROR
    rows: list[Row] = field(default_factory=list)
    case: str = ""
    agent: Agent = field(init=False)

    def __post_init__(self) -> None:
        self.agent = Agent(self.channel)

    @property
    def differences(self) -> list[Row]:
        return [row for row in self.rows if not row.held]

    @asynccontextmanager
    async def others(self, count: int) -> AsyncIterator[list[Trial]]:
        """Open more ways to the same host; what is not SSH has a process of its own for each request."""
        channels = [self._another() for _ in range(count)]
        try:
            yield [Trial(channel, self.mirror) for channel in channels]
        finally:
            await asyncio.gather(*(channel.close() for channel in channels))

    def _another(self) -> Channel:
        return SshChannel(self.channel.target) if isinstance(self.channel, SshChannel) else self.channel

    def expect(self, what: str, expected: object, found: object) -> None:
        """Note what was expected and what was found."""
        self.rows.append(Row(self.case, what, str(expected), str(found)))

    def expect_in(self, what: str, expected: str, text: str) -> None:
        """Note that a text should hold another."""
        self.expect(what, expected, expected if expected in text else text)

    async def expect_error(self, what: str, kind: type[PanelError], attempt: Awaitable[object]) -> None:
        """Note that something should fail in one way and no other."""
        try:
            found = f"done: {await attempt!r}"
        except PanelError as error:
            found = kind.__name__ if type(error) is kind else f"{type(error).__name__}: {error.message}"
        self.expect(what, kind.__name__, found)

    async def facts(self) -> HostFacts:
        return parse_facts(await self.agent.facts())

    async def jail(self, safe_name: str) -> JailFacts | None:
        """Return what a fresh probe says of one jail."""
        facts = await self.facts()
        return next((jail for jail in facts.jails if jail.safe_name == safe_name), None)

    async def run(self, command: Command) -> Outcome:
        """Run a command to its end."""
        run_id = new_run_id()
        async with asyncio.timeout(command.timeout_s):
            await self.agent.start(run_id, command.argv, USER, JOB)
            return await self.follow(run_id)

    async def start(self, argv: Sequence[str], run_id: str | None = None) -> bool:
        return await self.agent.start(run_id or new_run_id(), tuple(argv), USER, JOB)

    async def follow(self, run_id: str, offset: int = 0) -> Outcome:
        output = bytearray()

        async def keep(data: bytes) -> None:
            output.extend(data)

        end = await self.agent.follow(run_id, offset, keep)
        return Outcome(run_id, end, bytes(output))


def new_run_id() -> str:
    return f"contract-{secrets.token_hex(8)}"
