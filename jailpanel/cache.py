"""The cache that all processes share, which nobody waits for: with Redis away each remembers for itself.

What counts here is how often somebody tried to sign in. A Redis that is away or hangs must neither keep
people from signing in nor let them try without end.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from time import monotonic
from typing import Any, ClassVar

from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

# How long Redis is left alone after it did not answer.
REST_S = 5.0


class PanelCache(RedisCache):
    """Redis' cache, and this process's own while Redis does not answer."""

    # Of all of the process: Django makes a cache for each thread.
    asked_again_at: ClassVar[float] = 0.0

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        own = {name: value for name, value in params.items() if name.upper() != "OPTIONS"}
        self._own = LocMemCache("jailpanel", own)

    def add(self, *args: Any, **kwargs: Any) -> bool:
        """Set a value unless there is one."""
        return bool(self._of_either("add", super().add, *args, **kwargs))

    def get(self, *args: Any, **kwargs: Any) -> Any:
        """Return a value, or the default."""
        return self._of_either("get", super().get, *args, **kwargs)

    def set(self, *args: Any, **kwargs: Any) -> None:
        """Set a value."""
        self._of_either("set", super().set, *args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> bool:
        """Forget a value."""
        return bool(self._of_either("delete", super().delete, *args, **kwargs))

    def _of_either(self, name: str, shared: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if monotonic() >= PanelCache.asked_again_at:
            try:
                return shared(*args, **kwargs)
            except (RedisError, OSError) as error:
                logger.warning("Redis is away, the cache is this process's own for a while: %s", error)
                PanelCache.asked_again_at = monotonic() + REST_S
        return getattr(self._own, name)(*args, **kwargs)
