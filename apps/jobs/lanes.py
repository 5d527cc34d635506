"""How many of a worker's threads jobs may take: hosts that take long must not stop looks and sweeps."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from uuid import UUID

from django.conf import settings

from apps.jobs.wakeups import wake_lane


class _Threads:
    """Counts the threads at work, and notes whom it had to turn away."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._at_work = 0
        self._turned_away: dict[UUID, None] = {}

    def take(self, host_id: UUID) -> bool:
        with self._lock:
            if self._at_work < settings.JOB_THREADS:
                self._at_work += 1
                return True
            self._turned_away[host_id] = None
            return False

    def give_back(self) -> UUID | None:
        """Return whom the free thread is for: the first that was turned away."""
        with self._lock:
            self._at_work -= 1
            first = next(iter(self._turned_away), None)
            if first:
                del self._turned_away[first]
            return first


_threads = _Threads()


@contextmanager
def thread_for(host_id: UUID) -> Iterator[bool]:
    """Hold one of the worker's threads for a host's lane while the block runs.

    Yields:
        Whether there was one; if not, the lane is woken when one is given back.
    """
    if not _threads.take(host_id):
        yield False
        return
    try:
        yield True
    finally:
        if next_host := _threads.give_back():
            wake_lane(next_host)
