"""One channel a target; nothing of it outlives a changed key or a fork."""

from __future__ import annotations

import os

import pytest

from apps.freebsd.channel.pool import ChannelPool, shared_pool
from tests.freebsd.channel.conftest import until

pytestmark = pytest.mark.anyio


async def test_a_target_has_one_channel_and_another_target_another(host) -> None:
    pool = ChannelPool()
    assert pool.channel(host.target()) is pool.channel(host.target())
    assert pool.channel(host.target(user="other")) is not pool.channel(host.target())


async def test_a_forgotten_target_is_disconnected_and_starts_anew(host) -> None:
    pool = ChannelPool()
    before = pool.channel(host.target())
    await before.request(("version",), timeout_s=5)
    await pool.forget(host.target())
    await until(host.connections[0].is_closed)
    assert pool.channel(host.target()) is not before
    await pool.forget(host.target(user="never seen"))


async def test_closing_the_pool_closes_all(host) -> None:
    pool = ChannelPool()
    for user in ("a", "b"):
        await pool.channel(host.target(user=user)).request(("version",), timeout_s=5)
    await pool.close()
    await until(lambda: all(connection.is_closed() for connection in host.connections))


def test_a_forked_child_has_a_pool_of_its_own() -> None:
    pool = shared_pool()
    assert shared_pool() is pool
    child = os.fork()
    if child == 0:
        os._exit(1 if shared_pool() is pool else 0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
