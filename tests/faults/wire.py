"""The line between the panel and a host: a TCP relay that can cut, and can fall silent."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from dataclasses import dataclass, field

PIECE_BYTES = 16 * 1024


@dataclass(eq=False)
class _Relay:
    """One connection's two directions."""

    wire: Wire
    writers: list[asyncio.StreamWriter] = field(default_factory=list)
    left: int | None = None
    is_silent: bool = False
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    async def pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry bytes until an end closes, the wire is cut, or nothing gets through any more."""
        with suppress(OSError):
            while data := await reader.read(PIECE_BYTES):
                if self.is_silent:
                    await self.ended.wait()
                    break
                if self.left is not None:
                    data, self.left = data[: self.left], self.left - len(data)
                writer.write(data)
                await writer.drain()
                if self.left is not None and self.left <= 0:
                    self.wire.cuts += 1
                    break
        self.cut()

    def cut(self) -> None:
        """Close both ends; a direction that is silent wakes up and ends."""
        self.ended.set()
        for writer in self.writers:
            writer.close()


class Wire:
    """Listens in place of a host; its port stays the same for as long as it lives.

    Args:
        address: Where the host really listens.
        port: Its TCP port.
    """

    def __init__(self, address: str, port: int) -> None:
        self._to = address, port
        self._relays: set[_Relay] = set()
        self._limits: list[int] = []
        self.cuts = 0
        self.port = 0
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        if self._server:
            self._server.close()
        await self.cut()

    async def cut(self) -> None:
        """Break every connection that is open."""
        for relay in tuple(self._relays):
            relay.cut()
            self.cuts += 1

    async def cut_after(self, limits: list[int]) -> None:
        """Break the open connections, and each of the next after so many bytes of both directions."""
        self._limits = list(limits)
        await self.cut()

    async def stall(self) -> int:
        """Let nothing more through the connections that are open, and do not close them."""
        for relay in self._relays:
            relay.is_silent = True
        return len(self._relays)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        relay = _Relay(self, [writer], self._limits.pop(0) if self._limits else None)
        try:
            far_reader, far_writer = await asyncio.open_connection(*self._to)
        except OSError:
            writer.close()
            return
        relay.writers.append(far_writer)
        self._relays.add(relay)
        ways = [
            asyncio.ensure_future(relay.pass_on(reader, far_writer)),
            asyncio.ensure_future(relay.pass_on(far_reader, writer)),
        ]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        relay.cut()
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        self._relays.discard(relay)


class Wires:
    """The wires of a round's hosts, in a thread of their own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="wires", daemon=True)
        self._thread.start()
        self._all: list[Wire] = []

    def to(self, address: str, port: int) -> Wire:
        wire = Wire(address, port)
        self.run(wire.open())
        self._all.append(wire)
        return wire

    def run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(30)

    def end(self) -> None:
        for wire in self._all:
            self.run(wire.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
