"""One event loop for all channels of a process, in its own thread: worker threads share connections."""

from __future__ import annotations

import asyncio
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from apps.freebsd.errors import HostUnreachable

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from concurrent.futures import Future

T = TypeVar("T")

_RESOLVERS = 64


@dataclass(slots=True)
class _Process:
    """What belongs to this process alone and must not outlive a fork."""

    lock: threading.Lock
    loop: asyncio.AbstractEventLoop | None = None
    thread: threading.Thread | None = None


_process = _Process(threading.Lock())


def _forget() -> None:
    """The child of a fork has neither the thread nor its connections: it starts its own."""
    _process.lock, _process.loop, _process.thread = threading.Lock(), None, None


os.register_at_fork(after_in_child=_forget)


def run(coroutine: Coroutine[object, object, T], timeout_s: float | None = None) -> T:
    """Run a coroutine on the shared loop and wait for its result. Call it from any thread but the loop's own.

    Args:
        coroutine: What to run.
        timeout_s: Seconds after which it is cancelled; None waits for ever.

    Raises:
        HostUnreachable: It took longer than `timeout_s`.
    """
    if threading.current_thread() is _process.thread:
        coroutine.close()
        raise RuntimeError("run() would wait for itself: await the coroutine instead")
    future = submit(coroutine)
    try:
        return future.result(timeout_s)
    except TimeoutError:
        if future.done():
            raise
        future.cancel()
        raise HostUnreachable(f"The host has not finished answering within {timeout_s:g} seconds.") from None
    except BaseException:
        future.cancel()
        raise


def submit(coroutine: Coroutine[object, object, T]) -> Future[T]:
    """Start a coroutine on the shared loop; the caller waits for, or cancels, what is returned."""
    return asyncio.run_coroutine_threadsafe(coroutine, _shared_loop())


def _shared_loop() -> asyncio.AbstractEventLoop:
    with _process.lock:
        if _process.loop is None:
            _process.loop = asyncio.new_event_loop()
            _process.thread = threading.Thread(
                target=_serve, args=(_process.loop,), name="channels", daemon=True
            )
            _process.thread.start()
        return _process.loop


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    # Looking a name up holds a thread until the resolver gives up: a few such hosts must not take all.
    loop.set_default_executor(ThreadPoolExecutor(_RESOLVERS, thread_name_prefix="channels-names"))
    loop.run_forever()
