"""The ASGI application behind /live/."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs

from django.db import DatabaseError

from apps.jobs.events import is_topic
from apps.web.live.hub import current_hub
from apps.web.live.messages import Stream
from apps.web.live.signin import user_of

logger = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

TOPICS_MAX = 32
PING_S = 15.0
# A burst is told five times a second at most; its first event at once.
GAP_S = 0.2
RECHECK_S = 60.0
RETRY_HINT_MS = 2000

STREAM_HEADERS = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    # Tells nginx not to hold events back.
    (b"x-accel-buffering", b"no"),
    (b"x-content-type-options", b"nosniff"),
)


class Refusal(Exception):
    """Why a request gets no stream.

    Args:
        status: The HTTP status.
    """

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status.phrase)
        self.status = status


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a request asks for.

    Args:
        topics: What the page watches.
        since_ms: From when on it may have missed events, Unix time.
        cookies: The Cookie header.
    """

    topics: frozenset[str]
    since_ms: int
    cookies: str


async def live_stream(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a GET of /live/?topic=…&since=… with a stream of events for as long as the browser listens."""
    try:
        wanted = _wanted(scope)
        await _require_sign_in(wanted.cookies)
    except Refusal as refusal:
        await _refuse(send, refusal.status)
        return
    stream = Stream(wanted.topics)
    hub = current_hub()
    hub.join(stream, wanted.since_ms)
    gone = asyncio.create_task(_close_with_browser(receive, stream))
    try:
        await _feed(send, stream, wanted.cookies)
    finally:
        hub.leave(stream)
        gone.cancel()


def _wanted(scope: Scope) -> Wanted:
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    if scope["method"] != "GET":
        raise Refusal(HTTPStatus.METHOD_NOT_ALLOWED)
    # Older browsers do not send it; for them SameSite cookies have to do.
    if headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        raise Refusal(HTTPStatus.FORBIDDEN)
    try:
        query = parse_qs(scope["query_string"].decode("latin-1"), max_num_fields=TOPICS_MAX + 8)
    except ValueError:
        raise Refusal(HTTPStatus.BAD_REQUEST) from None
    topics = query.get("topic", [])
    if not topics or len(topics) > TOPICS_MAX or not all(map(is_topic, topics)):
        raise Refusal(HTTPStatus.BAD_REQUEST)
    since = headers.get("last-event-id") or query.get("since", ["0"])[-1]
    return Wanted(frozenset(topics), _whole_number(since), headers.get("cookie", ""))


def _whole_number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0


async def _require_sign_in(cookies: str) -> None:
    try:
        user_id = await user_of(cookies)
    except DatabaseError:
        logger.exception("The live stream could not look up a session.")
        raise Refusal(HTTPStatus.SERVICE_UNAVAILABLE) from None
    if user_id is None:
        raise Refusal(HTTPStatus.UNAUTHORIZED)


async def _refuse(send: Send, status: HTTPStatus) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": f"{status.phrase}\n".encode()})


async def _close_with_browser(receive: Receive, stream: Stream) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    stream.close()


async def _feed(send: Send, stream: Stream, cookies: str) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": list(STREAM_HEADERS)})
    await _write(send, f"retry: {RETRY_HINT_MS}\n\n".encode())
    now = asyncio.get_running_loop().time
    checked = now()
    while not stream.closed:
        messages = await stream.take(min(PING_S, RECHECK_S))
        if now() - checked >= RECHECK_S:
            if not await _still_signed_in(cookies):
                break
            checked = now()
        if not stream.closed:
            await _write(send, b"".join(message.encode() for message in messages) or b": ping\n\n")
            await stream.rest(GAP_S)
    if not stream.closed:
        await send({"type": "http.response.body", "body": b""})


async def _still_signed_in(cookies: str) -> bool:
    try:
        await _require_sign_in(cookies)
    except Refusal:
        return False
    return True


async def _write(send: Send, body: bytes) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": True})
