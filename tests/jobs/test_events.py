from __future__ import annotations

import logging
import signal
import time

import pytest
from redis import Redis

from apps.jobs import events
from apps.jobs.events import CHANNEL, publish
from tests.services import redis_of_this_run, redis_server

__all__ = ["redis_of_this_run", "redis_server"]


@pytest.fixture(autouse=True)
def _no_outage(monkeypatch):
    monkeypatch.setattr(events._outage, "_rests_until", 0.0)


def test_an_event_is_a_topic_and_an_id(redis_server):
    with (
        Redis.from_url(redis_server.url) as client,
        client.pubsub(ignore_subscribe_messages=True) as listener,
    ):
        listener.subscribe(CHANNEL)
        listener.get_message(timeout=1)

        publish("host:abc-1", "abc-1")

        assert listener.get_message(timeout=1)["data"] == b"host:abc-1 abc-1"


def test_without_redis_nothing_is_raised_and_it_is_logged_once(settings, tmp_path, caplog):
    settings.REDIS_URL = f"unix://{tmp_path}/nobody.sock"
    events._outage.end()
    with caplog.at_level(logging.WARNING, "apps.jobs.events"):
        publish("jails", "a")
        publish("jails", "b")

    assert [record.message for record in caplog.records if "Redis is away" in record.message] != []
    assert len(caplog.records) == 1


def test_the_return_of_redis_is_logged(redis_server, settings, tmp_path, caplog):
    settings.REDIS_URL = f"unix://{tmp_path}/nobody.sock"
    publish("jails", "a")
    settings.REDIS_URL = redis_server.url
    with caplog.at_level(logging.INFO, "apps.jobs.events"):
        publish("jails", "b")

    assert "Redis is back" in caplog.text


def test_a_restarted_redis_is_found_again(redis_server):
    publish("jails", "a")
    redis_server.kill()
    redis_server.start()
    with (
        Redis.from_url(redis_server.url) as client,
        client.pubsub(ignore_subscribe_messages=True) as listener,
    ):
        listener.subscribe(CHANNEL)
        listener.get_message(timeout=1)

        publish("jails", "b")

        assert listener.get_message(timeout=1)["data"] == b"jails b"


def test_a_redis_that_hangs_is_waited_for_once_and_used_again_later(redis_server, monkeypatch):
    publish("jails", "a")
    redis_server.process.send_signal(signal.SIGSTOP)
    began = time.monotonic()
    try:
        for _ in range(20):
            publish("jails", "b")
    finally:
        redis_server.process.send_signal(signal.SIGCONT)
    assert time.monotonic() - began < 3
    events._outage._rests_until = 0.0
    with (
        Redis.from_url(redis_server.url) as client,
        client.pubsub(ignore_subscribe_messages=True) as listener,
    ):
        listener.subscribe(CHANNEL)
        listener.get_message(timeout=1)

        publish("jails", "c")

        assert listener.get_message(timeout=1)["data"] == b"jails c"


@pytest.mark.parametrize(
    ("topic", "object_id"),
    [
        ("Jails", "a"),
        ("jails\nevent: x", "a"),
        ("", "a"),
        ("resync", "a"),
        ("away", "a"),
        ("host:", "a"),
        ("jails", "a\nb"),
        ("jails", ""),
        ("jails", "a b"),
        ("host:" + "a" * 65, "a"),
    ],
)
def test_what_does_not_belong_into_an_event_is_refused(topic, object_id):
    with pytest.raises(ValueError):
        publish(topic, object_id)
