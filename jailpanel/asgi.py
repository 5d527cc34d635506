"""The entry point for the ASGI server: Django, and beside it the live stream."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jailpanel.settings")
django_application: Any = get_asgi_application()

from apps.web.context import LIVE_URL  # noqa: E402  needs Django to be set up
from apps.web.live import live_stream  # noqa: E402

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Give the stream's path to the stream, and everything else to Django.

    Through Django's handler every open stream would hold a thread and a database connection
    (docs/decisions/0002-the-stream-is-a-plain-asgi-route.md).
    """
    if scope["type"] == "http" and scope["path"] == LIVE_URL:
        await live_stream(scope, receive, send)
    else:
        await django_application(scope, receive, send)
