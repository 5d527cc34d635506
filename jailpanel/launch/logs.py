"""One log a service, none of which grows without end."""

from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path
from typing import BinaryIO

LOG_BYTES = 5_000_000
TAIL_BYTES = 2000
LOOK_EVERY_S = 60.0


class Logs:
    """The folder of logs.

    Args:
        folder: Where `<name>.log` lies, and `<name>.log.old`, the part before it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, name: str) -> Path:
        """Return where a service's log is."""
        return self._folder / f"{name}.log"

    def open(self, name: str) -> BinaryIO:
        """Open a log to add to."""
        return self.path(name).open("ab")

    def tail(self, name: str) -> str:
        """Return what a service said last."""
        with self.path(name).open("rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - TAIL_BYTES))
            return file.read().decode(errors="replace")

    def put_aside(self) -> None:
        """Put logs aside that have grown large; services go on writing to the same file, at its new end."""
        for path in self._folder.glob("*.log"):
            if path.stat().st_size > LOG_BYTES:
                shutil.copyfile(path, path.with_suffix(".log.old"))
                os.truncate(path, 0)

    async def tend(self) -> None:
        """Look after the logs until cancelled."""
        while True:
            self.put_aside()
            await asyncio.sleep(LOOK_EVERY_S)
