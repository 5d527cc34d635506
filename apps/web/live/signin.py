"""Who a stream belongs to, asked outside Django's handler."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module

from django.conf import settings
from django.contrib.auth import get_user
from django.db import connections
from django.http import HttpRequest, parse_cookie

# Each thread holds a database connection for the length of one look; hundreds of streams wait their turn.
_pool = ThreadPoolExecutor(max_workers=4, thread_name_prefix="live-sign-in")


async def user_of(cookies: str) -> int | None:
    """Return whose session the cookies name, or None: no session, ended, or the account is disabled.

    Args:
        cookies: The Cookie header.
    """
    return await asyncio.get_running_loop().run_in_executor(_pool, _user_of, cookies)


def _user_of(cookies: str) -> int | None:
    key = parse_cookie(cookies).get(settings.SESSION_COOKIE_NAME)
    if not key:
        return None
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(key)
    try:
        user = get_user(request)
        return user.pk if user.is_authenticated and user.is_active else None
    finally:
        connections.close_all()
