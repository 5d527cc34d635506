"""One Redis subscriber a process, and the streams that it feeds."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import defaultdict, deque
from typing import Any
from weakref import WeakKeyDictionary

from django.conf import settings
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from apps.jobs.events import CHANNEL, is_topic
from apps.web.live.messages import Message, Stream

logger = logging.getLogger(__name__)

HISTORY = 1000
# Two web processes' clocks may differ by this much; a page may come from one and its stream from the other.
CLOCK_SLACK_MS = 100
CONNECT_S = 2.0
QUIET_S = 10.0
RETRY_S = (0.1, 0.2, 0.5, 1.0)


class Hub:
    """Hands events to streams, and proves that none was missed, or says so.

    Between a page being rendered and its stream being open, and while a stream is broken, events
    pass it by. So the hub remembers the latest ones: a stream says from when on it needs them, and
    gets them again, or "resync" when the hub cannot vouch for all of that time.

    Args:
        url: Redis' address.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._streams: dict[str, set[Stream]] = defaultdict(set)
        self._all: set[Stream] = set()
        self._history: deque[Message] = deque(maxlen=HISTORY)
        self._heard_since_ms: int | None = None
        self._away = False
        self._task: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        return len(self._all)

    def join(self, stream: Stream, since_ms: int) -> None:
        """Feed a stream, beginning with what it missed.

        Args:
            stream: The stream.
            since_ms: From when on it needs events, Unix time.
        """
        self._all.add(stream)
        for topic in stream.topics:
            self._streams[topic].add(stream)
        self._begin()
        self._catch_up(stream, since_ms - CLOCK_SLACK_MS)

    def leave(self, stream: Stream) -> None:
        """Feed a stream no longer."""
        self._all.discard(stream)
        for topic in stream.topics:
            self._streams[topic].discard(stream)
            if not self._streams[topic]:
                del self._streams[topic]

    def _begin(self) -> None:
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._listen(), name="live events")

    def _catch_up(self, stream: Stream, since_ms: int) -> None:
        if self._heard_since_ms is None:
            # Connecting says "resync" to all who wait.
            if self._away:
                stream.put(_message("away"))
        elif since_ms < self._heard_since_ms:
            stream.put(_message("resync"))
        else:
            missed = (message for message in self._history if message.moment_ms >= since_ms)
            for message in missed:
                if message.event in stream.topics:
                    stream.put(message)

    async def _listen(self) -> None:
        failures = 0
        while True:
            try:
                await self._subscribe()
            except (RedisError, OSError) as error:
                # A connection that had been up is tried again at once.
                failures = 0 if self._heard_since_ms is not None else failures + 1
                self._lost(error)
            await asyncio.sleep(RETRY_S[min(failures, len(RETRY_S) - 1)])

    async def _subscribe(self) -> None:
        # No retries in the client: it would reconnect silently, and what was said meanwhile be lost unseen.
        client = Redis.from_url(
            self._url, decode_responses=True, socket_connect_timeout=CONNECT_S, retry=Retry(NoBackoff(), 0)
        )
        async with client, client.pubsub() as pubsub:
            await pubsub.subscribe(CHANNEL)
            asked = False
            while True:
                message = await pubsub.get_message(timeout=QUIET_S)
                if message is None and asked:
                    raise RedisConnectionError("Redis does not answer")
                # Half-open connections look like silence.
                asked = message is None
                if asked:
                    await pubsub.ping()
                else:
                    self._take(message)

    def _take(self, message: dict[str, Any]) -> None:
        if message["type"] == "subscribe":
            self._found()
        elif message["type"] == "message":
            topic, _, object_id = str(message["data"]).partition(" ")
            if is_topic(topic):
                self._hand_on(topic, object_id)

    def _hand_on(self, topic: str, object_id: str) -> None:
        # A list's topic is heard by people who may not see the object that changed.
        message = _message(topic, object_id if ":" in topic else "changed")
        if len(self._history) == HISTORY:
            self._heard_since_ms = self._history[0].moment_ms + 1
        self._history.append(message)
        for stream in self._streams.get(topic, ()):
            stream.put(message)

    def _found(self) -> None:
        self._history.clear()
        self._heard_since_ms = _now_ms()
        if self._away:
            logger.info("Redis is back, pages are live again.")
        self._away = False
        self._tell_all("resync")

    def _lost(self, error: Exception) -> None:
        self._heard_since_ms = None
        if not self._away:
            logger.warning("Redis is away, pages are not live: %s", error)
            self._tell_all("away")
        self._away = True

    def _tell_all(self, event: str) -> None:
        for stream in self._all:
            stream.put(_message(event))


def _now_ms() -> int:
    return int(time.time() * 1000)


def _message(event: str, data: str = "-") -> Message:
    return Message(event, data, _now_ms())


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def current_hub() -> Hub:
    """Return the hub of the running event loop; a web process has one."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        _hubs[loop] = Hub(settings.REDIS_URL)
    return _hubs[loop]
