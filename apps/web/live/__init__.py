"""One stream of server-sent events a page (docs/decisions/0002-the-stream-is-a-plain-asgi-route.md)."""

from __future__ import annotations

from apps.web.live.route import live_stream

__all__ = ["live_stream"]
