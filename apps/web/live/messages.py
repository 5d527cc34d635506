"""What goes down a stream, and what waits to go down it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Message:
    """One server-sent event.

    Args:
        event: A topic, "resync" (fetch everything again) or "away" (nothing will come for now).
        data: The id of what changed, where the topic names one thing.
        moment_ms: When this process heard of it, Unix time; the browser hands it back after a gap.
    """

    event: str
    data: str
    moment_ms: int

    def encode(self) -> bytes:
        """Return the event as it goes over the line."""
        return f"id: {self.moment_ms}\nevent: {self.event}\ndata: {self.data}\n\n".encode()


class Stream:
    """What one browser has yet to be told: at most one message a topic, so that it cannot grow.

    A browser that is slow, or a burst of a thousand events, thus costs one refresh of each region.

    Args:
        topics: What the page watches.
    """

    def __init__(self, topics: frozenset[str]) -> None:
        self.topics = topics
        self._waiting: dict[str, Message] = {}
        self._woken = asyncio.Event()
        self._closed = asyncio.Event()

    @property
    def closed(self) -> bool:
        """Whether the browser has gone."""
        return self._closed.is_set()

    def close(self) -> None:
        """End the stream; whoever waits for it wakes up."""
        self._closed.set()
        self._woken.set()

    def put(self, message: Message) -> None:
        """Add a message; one that concerns the whole page replaces all that waits."""
        if message.event not in self.topics:
            self._waiting.clear()
        self._waiting[message.event] = message
        self._woken.set()

    async def take(self, timeout_s: float) -> list[Message]:
        """Return what waits, as soon as something does; nothing when `timeout_s` seconds have passed."""
        await _within(self._woken, timeout_s)
        self._woken.clear()
        messages = list(self._waiting.values())
        self._waiting.clear()
        return messages

    async def rest(self, seconds: float) -> None:
        """Let a while pass, so that a burst becomes one message; end early when the browser goes."""
        await _within(self._closed, seconds)


async def _within(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
