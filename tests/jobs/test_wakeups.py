"""Wake-ups are hints: with the broker away they are logged, and nobody waits for them."""

from __future__ import annotations

import signal
import time
from uuid import UUID

import pytest
from celery import Celery
from django.conf import settings
from redis import Redis

from apps.jobs import wakeups
from apps.jobs.wakeups import send, wake_lane
from tests.services import redis_of_this_run, redis_server

__all__ = ["redis_of_this_run", "redis_server"]

SOON_S = 1.0


@pytest.fixture
def broker(monkeypatch):
    """Give a way to say where the broker is, as the panel's settings say it."""

    def at(url: str) -> None:
        app = Celery("tests", broker=url.replace("unix://", "redis+socket://"))
        app.conf.broker_transport_options = settings.CELERY_BROKER_TRANSPORT_OPTIONS
        monkeypatch.setattr("jailpanel.celery.app", app)

    return at


def took_s(call) -> float:
    began = time.monotonic()
    call()
    return time.monotonic() - began


def test_a_wake_up_is_one_message_with_the_hosts_id(redis_server, broker):
    broker(redis_server.url)
    wake_lane(UUID(int=7))
    with Redis.from_url(redis_server.url) as client:
        (message,) = client.lrange("celery", 0, -1)
    assert b"apps.jobs.tasks.advance_lane" in message


def test_a_broker_that_was_never_there_is_logged_at_once(tmp_path, broker, caplog):
    broker(f"unix://{tmp_path}/nobody.sock")
    assert took_s(lambda: wake_lane(UUID(int=7))) < SOON_S
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert f"advance_lane({UUID(int=7)}) waits for the sweeper" in caplog.text


def test_a_broker_that_went_away_is_logged_and_used_again_when_it_is_back(redis_server, broker, caplog):
    broker(redis_server.url)
    send("apps.jobs.tasks.sweep")
    redis_server.kill()
    assert took_s(lambda: send("apps.jobs.tasks.sweep")) < SOON_S
    assert "The broker is away" in caplog.text
    redis_server.start()
    send("apps.jobs.tasks.sweep")
    with Redis.from_url(redis_server.url) as client:
        assert client.llen("celery") == 1


def test_a_broker_that_hangs_is_waited_for_once_and_used_again_later(
    redis_server, broker, caplog, monkeypatch
):
    patience_s = settings.CELERY_BROKER_TRANSPORT_OPTIONS["socket_timeout"]
    monkeypatch.setattr(wakeups._Hanging, "until", 0.0)
    broker(redis_server.url)
    redis_server.process.send_signal(signal.SIGSTOP)
    try:
        assert took_s(lambda: wake_lane(UUID(int=7))) < patience_s + SOON_S
        assert took_s(lambda: wake_lane(UUID(int=8))) < SOON_S
    finally:
        redis_server.process.send_signal(signal.SIGCONT)
    assert [f"advance_lane({UUID(int=id_)})" in caplog.text for id_ in (7, 8)] == [True, True]
    monkeypatch.setattr(wakeups._Hanging, "until", 0.0)
    wake_lane(UUID(int=9))
    with Redis.from_url(redis_server.url) as client:
        assert str(UUID(int=9)).encode() in client.lindex("celery", 0)
