"""Questions to a service: can you be used now? Each answers within five seconds and never raises."""

from __future__ import annotations

import asyncio
import json
import os
from asyncio import StreamReader, StreamWriter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable
    from pathlib import Path

    from jailpanel.launch.service import Probe

ANSWER_S = 5.0


def redis_answers(socket_path: Path) -> Probe:
    """Redis answers PING on its socket (while it loads its data it does not)."""

    async def probe() -> bool:
        opened = asyncio.open_unix_connection(str(socket_path))
        return (await _ask(opened, b"PING\r\n")).startswith(b"+PONG")

    return probe


def web_answers(port: int, host: str) -> Probe:
    """The web process answers a request for a host name with anything but a server error."""

    async def probe() -> bool:
        request = f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        line = await _ask(asyncio.open_connection("127.0.0.1", port), request.encode())
        return line.startswith(b"HTTP/1.1 ") and not line.startswith(b"HTTP/1.1 5")

    return probe


def hosts_answer(listing: Path) -> Probe:
    """Every simulated host of the listing accepts connections."""

    async def probe() -> bool:
        hosts = _listed(listing)
        answers = [_ask(asyncio.open_connection(*host), b"") for host in hosts]
        return bool(hosts) and all(line.startswith(b"SSH-") for line in await asyncio.gather(*answers))

    return probe


def file_exists(path: Path) -> Probe:
    """The service has made its file."""

    async def probe() -> bool:
        return os.path.exists(path)  # noqa: PTH110, ASYNC240  a local file, looked at in microseconds

    return probe


def _listed(listing: Path) -> list[tuple[str, int]]:
    """Return addresses and ports; none while the listing is not there or half written."""
    try:
        return [(host["address"], host["port"]) for host in json.loads(listing.read_text())]
    except (FileNotFoundError, ValueError):
        return []


async def _ask(opened: Awaitable[tuple[StreamReader, StreamWriter]], question: bytes) -> bytes:
    """Return the first line of the answer, or nothing."""
    try:
        async with asyncio.timeout(ANSWER_S):
            reader, writer = await opened
            writer.write(question)
            try:
                return await reader.readline()
            finally:
                writer.close()
    except (OSError, TimeoutError, ValueError):
        return b""
