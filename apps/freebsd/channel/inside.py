"""Looking into a running jail: the agent's verbs look and tail."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from apps.freebsd.channel.answers import EX_NOINPUT, expect_success
from apps.freebsd.errors import Conflict
from apps.freebsd.parsers.sections import parse_sections

if TYPE_CHECKING:
    from apps.freebsd.channel import Channel
    from apps.freebsd.parsers.sections import FactSections, Section

MOST_LINES = 2000
CUT_BYTES = 256 * 1024  # a section that is as long was cut by the agent

_LOOK_S = 40.0  # the agent gives up earlier on all that runs in the jail
_TAIL_S = 15.0


class JailNotRunning(Conflict):
    """The host has no running jail of this name."""


class Inside:
    """What a host says of the inside of its jails.

    Args:
        channel: The way to it.
    """

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    async def look(self, safe_name: str, parts: tuple[str, ...]) -> FactSections:
        """Ask what goes on in a running jail, in one round trip.

        Args:
            safe_name: The jail's name in the kernel.
            parts: Of processes, ports, users, services, packages, vulnerable, logs.

        Raises:
            JailNotRunning: It does not run.
            ParseError: The answer is not whole.
        """
        return await self._ask(("look", secrets.token_hex(16), safe_name, *parts), _LOOK_S)

    async def tail(self, safe_name: str, log: str, lines: int) -> Section:
        """Return the end of a file below a jail's /var/log.

        Args:
            safe_name: The jail's name in the kernel.
            log: Such as messages or nginx/access.log.
            lines: How many, at most MOST_LINES.

        Raises:
            JailNotRunning, ParseError: As `look`.
        """
        words = ("tail", secrets.token_hex(16), safe_name, log, str(lines))
        return (await self._ask(words, _TAIL_S))["log"]

    async def _ask(self, words: tuple[str, ...], timeout_s: float) -> FactSections:
        answer = await self._channel.request(words, timeout_s=timeout_s)
        if answer.status == EX_NOINPUT:
            raise JailNotRunning("The jail does not run: there is nothing inside to look at.")
        expect_success(answer, words[0])
        return parse_sections(answer.stdout, words[1])
