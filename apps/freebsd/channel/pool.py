"""The channels of one process, one a host."""

from __future__ import annotations

import asyncio
import os
import threading

from apps.freebsd.channel.ssh import SshChannel, SshTarget


class ChannelPool:
    """Hands out one channel a target. A channel opens its connection when asked and closes it when idle.

    Args:
        connect_timeout_s: Seconds for connecting and signing in.
        idle_s: Seconds without a request after which a connection is let go.
    """

    def __init__(self, connect_timeout_s: float = 10.0, idle_s: float = 900.0) -> None:
        self._connect_timeout_s = connect_timeout_s
        self._idle_s = idle_s
        self._lock = threading.Lock()
        self._channels: dict[SshTarget, SshChannel] = {}

    def channel(self, target: SshTarget) -> SshChannel:
        """Return the channel to `target`. Any thread may call this; the coroutines belong to one loop."""
        with self._lock:
            if target not in self._channels:
                self._channels[target] = SshChannel(target, self._connect_timeout_s, self._idle_s)
            return self._channels[target]

    async def forget(self, target: SshTarget) -> None:
        """Close the connection to `target` and let go of it: its key, address or user has changed."""
        with self._lock:
            channel = self._channels.pop(target, None)
        if channel is not None:
            await channel.close()

    async def close(self) -> None:
        """Close all connections."""
        with self._lock:
            channels = list(self._channels.values())
            self._channels.clear()
        await asyncio.gather(*(channel.close() for channel in channels))


class _Shared:
    pool: ChannelPool = ChannelPool()


def shared_pool() -> ChannelPool:
    """Return the pool of this process; its channels belong to the loop of `channel.loop`."""
    return _Shared.pool


def _forget() -> None:
    """Connections of the parent are not the child's to use."""
    _Shared.pool = ChannelPool()


os.register_at_fork(after_in_child=_forget)
