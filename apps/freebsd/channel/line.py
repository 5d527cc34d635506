"""One authenticated SSH connection, and how it is opened."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import asyncssh

from apps.freebsd.channel.keys import (
    fingerprint,
    load_private_key,
    public_line,
    read_public_key,
    scan_host_key,
    signature_algorithms,
)
from apps.freebsd.channel.reasons import refused, unreachable
from apps.freebsd.errors import HostKeyChanged, HostUnreachable

if TYPE_CHECKING:
    from pathlib import Path

# A line that dies in silence is noticed after a third unanswered one would be due: within 24 seconds.
_KEEPALIVE_S = 8
_KEEPALIVE_MISSES = 2
_CLOSE_S = 5
_CIPHERS = "^aes256-gcm@openssh.com,aes128-gcm@openssh.com"  # first: asyncssh is a quarter quicker with them


class Line:
    """An open connection and how many requests are on it."""

    def __init__(self, connection: asyncssh.SSHClientConnection) -> None:
        self.connection = connection
        self._requests = 0
        self._closing: asyncio.TimerHandle | None = None

    def is_closed(self) -> bool:
        """Return whether the connection is known to be gone."""
        return self.connection.is_closed()

    def taken(self) -> None:
        """Count a request in."""
        self._requests += 1
        if self._closing is not None:
            self._closing.cancel()
            self._closing = None

    def given_back(self, close_after_s: float) -> None:
        """Count a request out; when it was the last, close after `close_after_s` seconds of quiet."""
        self._requests -= 1
        if self._requests == 0:
            loop = asyncio.get_running_loop()
            self._closing = loop.call_later(close_after_s, self.connection.abort)

    async def close(self) -> None:
        """Close at once."""
        if self._closing is not None:
            self._closing.cancel()
        self.connection.abort()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_S):
                await self.connection.wait_closed()


class _PinnedClient(asyncssh.SSHClient):
    """Remembers a key that is not the pinned one; never accepts it."""

    offered: asyncssh.SSHKey | None = None

    def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:  # noqa: ARG002
        """Called only when the key is not the pinned one."""
        self.offered = key
        return False


async def open_line(
    where: tuple[str, int, str], *, host_key: str, private_key_path: Path, timeout_s: float
) -> Line:
    """Connect, insist on the pinned key, sign in.

    Args:
        where: Address, TCP port, user.
        host_key: The pinned public key line.
        private_key_path: The panel's own key.
        timeout_s: Seconds for all of it.

    Raises:
        HostUnreachable: With the reason.
        HostKeyChanged: With the key that was shown.
        AccessRefused: Our key or user is refused.
    """
    address, port, user = where
    pinned = read_public_key(host_key)
    client = _PinnedClient()
    try:
        async with asyncio.timeout(timeout_s):
            connection, _ = await asyncssh.create_connection(
                lambda: client, address, port, options=_options(user, pinned, private_key_path)
            )
    except asyncssh.DisconnectError as error:
        offered = client.offered or await _other_key(error, where, pinned, timeout_s)
        if offered is not None:
            raise _changed(address, offered, pinned) from None
        raise refused(error, user, address) or unreachable(error, address, port, timeout_s) from None
    except (OSError, ValueError) as error:  # ValueError: packets that are none
        raise unreachable(error, address, port, timeout_s) from None
    return Line(connection)


def _options(
    user: str, pinned: asyncssh.SSHKey, private_key_path: Path
) -> asyncssh.SSHClientConnectionOptions:
    """Return settings in which nothing of the panel's own account takes part: no config, agent or keys."""
    return asyncssh.SSHClientConnectionOptions(
        username=user,
        client_keys=[load_private_key(private_key_path)],
        preferred_auth="publickey",
        known_hosts=([pinned], [], []),
        server_host_key_algs=signature_algorithms(pinned),
        x509_trusted_certs=None,
        config=None,
        agent_path=None,
        gss_host=None,
        encryption_algs=_CIPHERS,
        keepalive_interval=_KEEPALIVE_S,
        keepalive_count_max=_KEEPALIVE_MISSES,
    )


async def _other_key(
    error: asyncssh.DisconnectError, where: tuple[str, int, str], pinned: asyncssh.SSHKey, timeout_s: float
) -> asyncssh.SSHKey | None:
    """A host that no longer has a key of the pinned type fails earlier: ask what it has instead."""
    if not isinstance(error, asyncssh.KeyExchangeFailed):
        return None
    with contextlib.suppress(HostUnreachable):
        offered = read_public_key(await scan_host_key(where[0], where[1], timeout_s))
        return offered if offered.public_data != pinned.public_data else None
    return None


def _changed(address: str, offered: asyncssh.SSHKey, pinned: asyncssh.SSHKey) -> HostKeyChanged:
    shown, expected = public_line(offered), public_line(pinned)
    return HostKeyChanged(
        f"{address} shows another host key than the one that was confirmed ({fingerprint(shown)} instead of "
        f"{fingerprint(expected)}). It was reinstalled, or something stands between it and the panel. "
        "Nothing is sent to it until someone who knows which confirms the new key.",
        offered=shown,
    )
