"""How to reach a host: over SSH (asyncssh) or locally, behind one small interface."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

OnBytes = Callable[[bytes], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Answer:
    """What one agent request gave back.

    Args:
        status: The agent's exit status.
        stdout: All of standard output, unless it was streamed.
        stderr: All of standard error.
    """

    status: int
    stdout: bytes
    stderr: bytes


class Channel(Protocol):
    """A way to one host's agent. Safe for many requests at once; reconnects when it has to."""

    async def request(
        self, words: tuple[str, ...], *, stdin: bytes = b"", timeout_s: float, on_bytes: OnBytes | None = None
    ) -> Answer:
        """Send one agent request and wait for its end.

        Args:
            words: The verb and its arguments; each of [A-Za-z0-9_./@:=+-] only: no shell reads more there.
            stdin: What the verb reads.
            timeout_s: Seconds without a byte from the host after which it counts as unreachable.
            on_bytes: Called with each piece of standard output as it comes; `Answer.stdout` is then empty.

        Raises:
            HostUnreachable: No connection, or no byte within `timeout_s`.
            ConnectionLost: The line went away in the middle.
            HostKeyChanged: Another key than the pinned one.
            AccessRefused: Our key or user is refused.
            AgentMissing: There is no agent behind the key.
        """
        ...

    async def close(self) -> None:
        """Let go of the connection."""
        ...
