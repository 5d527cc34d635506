"""Large files that the panel itself keeps, to bring them to hosts: below `files` in its folder of state.

Names are checked here, where they become paths, whoever calls.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import IO

from django.conf import settings

from apps.freebsd.errors import CommandFailed, InvalidInput

_PART = r"[A-Za-z0-9_][A-Za-z0-9._+-]{0,99}"
_NAME = re.compile(rf"{_PART}(?:/{_PART}){{0,2}}")


def store_path(name: str) -> Path:
    """Return where a file of the store lies, whether it is there or not.

    Args:
        name: `NAME`, or `FOLDER/NAME`, at most two folders deep.

    Raises:
        InvalidInput: It is no plain name.
    """
    if not _NAME.fullmatch(name):
        raise InvalidInput("This is no name of a file that the panel keeps.")
    return Path(settings.STATE_DIR) / "files" / name


@contextmanager
def store_open(name: str) -> Iterator[BufferedReader]:
    """Open a file of the store for reading.

    Raises:
        CommandFailed: It is not there.
        InvalidInput: It is no plain name.
    """
    try:
        file = store_path(name).open("rb")
    except OSError as error:
        raise CommandFailed(f"The panel does not have the file {name} (any more).") from error
    with file:
        yield file


@contextmanager
def store_write(name: str) -> Iterator[IO[bytes]]:
    """Write a file of the store (0600): it gets its name, in place of the one before, when the block ends.

    Raises:
        InvalidInput: It is no plain name.
    """
    path = store_path(name)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=".")
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
        Path(draft).replace(path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise


def store_has(name: str) -> bool:
    """Return whether the store has a file."""
    return store_path(name).is_file()


def store_size(name: str) -> int:
    """Return a file's size in bytes.

    Raises:
        CommandFailed: It is not there.
    """
    with store_open(name) as file:
        return os.fstat(file.fileno()).st_size


def store_sha256(name: str) -> str:
    """Return a file's SHA-256 in hex.

    Raises:
        CommandFailed: It is not there.
    """
    with store_open(name) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def store_remove(name: str) -> None:
    """Remove a file of the store; one that is not there is no error."""
    store_path(name).unlink(missing_ok=True)
