"""The panel's database as something that can go away and come back."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

from tests import postgres


class Database(Protocol):
    """One of the two that the panel runs on."""

    name: str
    url: str

    def start(self) -> None: ...

    def away(self, seconds: float) -> None:
        """Be of no use to anybody for some time."""
        ...

    def stop(self) -> None: ...


class Sqlite:
    """The file in the panel's state folder."""

    name = "sqlite"
    url = ""

    def __init__(self, state: Path) -> None:
        self.file = state / "jailpanel.sqlite3"

    def start(self) -> None:
        """It is a file."""

    def away(self, seconds: float) -> None:
        """Keep the one write lock, as a process that hangs does."""
        connection = sqlite3.connect(self.file, timeout=10, isolation_level=None)
        connection.execute("BEGIN IMMEDIATE")
        time.sleep(seconds)
        connection.execute("ROLLBACK")
        connection.close()

    def stop(self) -> None:
        """It goes with its folder."""


class Postgres:
    """A server of our own."""

    name = "postgresql"

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="jailpanel-pg-", dir="/tmp"))
        self._user = postgres.other_user() if os.geteuid() == 0 else None
        found = postgres.find_programs()
        self._programs = postgres.readable(found, self._folder) if self._user else found
        self._server: subprocess.Popen[bytes] | None = None
        self.url = f"postgresql://panel@{quote(str(self._folder), safe='')}/postgres"

    def start(self) -> None:
        if not (self._folder / "data").exists():
            postgres.initialise(self._programs, self._folder, self._user)
        self._server = postgres.launch(self._programs, self._folder, self._user)

    def away(self, seconds: float) -> None:
        """Stop, cutting every connection, and start again."""
        self._halt()
        time.sleep(seconds)
        self.start()

    def stop(self) -> None:
        self._halt()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _halt(self) -> None:
        if self._server:
            self._server.send_signal(signal.SIGINT)
            self._server.wait()
        self._server = None
