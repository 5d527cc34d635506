"""Tells open pages that something changed: a topic and an id, never content.

Topics are "jails", "hosts", "jobs", "policies", "host:<uuid>", "job:<uuid>" and "batch:<uuid>". Browsers that
watch a topic ask for their part of the page again, and the view checks permission again (apps/web/live).
"""

from __future__ import annotations

import logging
import re
from functools import cache
from threading import Lock
from time import monotonic

from django.conf import settings
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeout
from redis.retry import Retry

logger = logging.getLogger(__name__)

CHANNEL = "jailpanel:events"
TOPIC = re.compile(r"[a-z]+(?::[a-zA-Z0-9-]{1,64})?")
OBJECT_ID = re.compile(r"[a-zA-Z0-9-]{1,64}")
# The stream's own messages; no topic may take their names.
RESERVED = frozenset({"away", "resync"})
TIMEOUT_S = 0.5
# A Redis that does not even refuse is left alone for a while: many events must not wait for it one by one.
REST_S = 2.0


def is_topic(text: str) -> bool:
    """Tell whether `text` may name a topic."""
    return TOPIC.fullmatch(text) is not None and text not in RESERVED


def publish(topic: str, object_id: str) -> None:
    """Tell every web process that something changed. Call it through `transaction.on_commit`.

    Redis being away costs the pages their liveliness and nothing else: it is logged once, until
    it is back.

    Args:
        topic: What kind of thing, or which one: "jails", "host:<uuid>".
        object_id: The id of what changed.

    Raises:
        ValueError: The topic or the id has characters that do not belong there.
    """
    if not is_topic(topic) or not OBJECT_ID.fullmatch(object_id):
        raise ValueError(f"not an event: {topic!r} {object_id!r}")
    if _outage.is_resting():
        return
    try:
        _client(settings.REDIS_URL).publish(CHANNEL, f"{topic} {object_id}")
    except (RedisError, OSError) as error:
        _outage.begin(error)
    else:
        _outage.end()


@cache
def _client(url: str) -> Redis:
    return Redis.from_url(
        url,
        socket_connect_timeout=TIMEOUT_S,
        socket_timeout=TIMEOUT_S,
        # A connection that Redis closed meanwhile is opened once more, at once.
        retry=Retry(NoBackoff(), 1),
    )


class _Outage:
    """Logs the first failure and the recovery, not each event in between."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._under_way = False
        self._rests_until = 0.0

    def is_resting(self) -> bool:
        return monotonic() < self._rests_until

    def begin(self, error: Exception) -> None:
        with self._lock:
            first, self._under_way = not self._under_way, True
            if isinstance(error, TimeoutError | RedisTimeout):
                self._rests_until = monotonic() + REST_S
        if first:
            logger.warning("Redis is away, pages are not live: %s", error)

    def end(self) -> None:
        with self._lock:
            over, self._under_way = self._under_way, False
        if over:
            logger.info("Redis is back, pages are live again.")


_outage = _Outage()
