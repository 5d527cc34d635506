"""The shared cache: with Redis away, or hanging, each process remembers for itself and nobody waits."""

from __future__ import annotations

import signal
import time

import pytest

from jailpanel import cache as panel_cache
from jailpanel.settings import CACHES
from tests.services import redis_of_this_run, redis_server

__all__ = ["redis_of_this_run", "redis_server"]

PATIENCE_S = 3.0


@pytest.fixture
def cache(redis_server, monkeypatch):
    monkeypatch.setattr(panel_cache.PanelCache, "asked_again_at", 0.0)
    options = {"OPTIONS": dict(CACHES["default"]["OPTIONS"])}
    cache = panel_cache.PanelCache(redis_server.url, options)
    cache._own.clear()
    yield cache
    cache.close()


def test_what_one_process_keeps_another_finds(cache, redis_server):
    cache.set("tries", [1, 2])
    other = panel_cache.PanelCache(redis_server.url, {})
    assert other.get("tries") == [1, 2]
    assert other.add("tries", [3]) is False
    assert cache.delete("tries") is True
    assert other.get("tries", "none") == "none"
    other.close()


def test_with_redis_away_it_remembers_by_itself(cache, redis_server, monkeypatch):
    redis_server.kill()
    assert cache.add("tries", [1], timeout=60) is True
    assert cache.add("tries", [2], timeout=60) is False
    cache.set("tries", [1, 2])
    assert cache.get("tries") == [1, 2]
    assert cache.delete("tries") is True
    redis_server.start()
    monkeypatch.setattr(panel_cache.PanelCache, "asked_again_at", 0.0)
    assert cache.get("tries", "none") == "none"


def test_a_redis_that_hangs_is_waited_for_once(cache, redis_server):
    cache.get("tries")
    redis_server.process.send_signal(signal.SIGSTOP)
    began = time.monotonic()
    try:
        for number in range(20):
            cache.set("tries", number)
    finally:
        redis_server.process.send_signal(signal.SIGCONT)
    assert cache.get("tries") == 19
    assert time.monotonic() - began < PATIENCE_S
