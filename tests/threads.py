"""Doing a thing several times at once, each in a thread with a database connection of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import connections

T = TypeVar("T")
TIMEOUT_S = 30


def at_once(*calls: Callable[[], T]) -> list[T | Exception]:
    """Start all calls at the same moment; return what each gave back or raised."""
    barrier = threading.Barrier(len(calls), timeout=TIMEOUT_S)

    def one(call: Callable[[], T]) -> T | Exception:
        barrier.wait()
        try:
            return call()
        except Exception as error:  # noqa: BLE001  the test looks at it
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(one, calls, timeout=TIMEOUT_S))
