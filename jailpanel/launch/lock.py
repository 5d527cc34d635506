"""One launcher a state folder: a lock that the kernel lets go of, however the launcher ends."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from jailpanel.launch.errors import AlreadyRunning

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def only_one(path: Path) -> Iterator[int]:
    """Hold the lock file for the length of a `with` block.

    Yields:
        The open file, for `describe`.

    Raises:
        AlreadyRunning: Someone else holds it.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        describe(handle, f"process {os.getpid()}")
        yield handle
    except BlockingIOError as error:
        raise AlreadyRunning(os.pread(handle, 200, 0).decode(errors="replace")) from error
    finally:
        os.close(handle)


def describe(handle: int, text: str) -> None:
    """Leave a word in the lock file for whoever finds it held."""
    os.ftruncate(handle, 0)
    os.pwrite(handle, text.encode(), 0)
