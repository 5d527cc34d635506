"""Loaded into a worker (`celery worker --include`): says when it takes tasks; times transactions.

Each outermost `transaction.atomic` is timed from when it has begun (on SQLite: has the one write lock) to
when it has ended; how long it waited to begin is kept apart. Statements outside of any are transactions of
their own and do not count. What was seen goes to FOLDER/transactions-PID.json when the worker ends.
"""

from __future__ import annotations

import json
import os
import time
from functools import wraps
from pathlib import Path
from typing import Any

from celery.signals import worker_ready, worker_shutdown
from django.db import transaction

FOLDER = "JAILPANEL_BENCH_FOLDER"

held_s: list[float] = []
waited_s: list[float] = []
_began: dict[int, float] = {}


def watch() -> None:
    """Time every outermost transaction of this process from now on."""
    enter, leave = transaction.Atomic.__enter__, transaction.Atomic.__exit__

    @wraps(enter)
    def timed_enter(self: transaction.Atomic) -> None:
        connection = transaction.get_connection(self.using)
        is_outermost, asked = not connection.in_atomic_block, time.perf_counter()
        enter(self)
        if is_outermost:
            _began[id(connection)] = now = time.perf_counter()
            waited_s.append(now - asked)

    @wraps(leave)
    def timed_leave(self: transaction.Atomic, *error: Any) -> None:
        connection = transaction.get_connection(self.using)
        try:
            leave(self, *error)
        finally:
            if not connection.in_atomic_block and (began := _began.pop(id(connection), None)):
                held_s.append(time.perf_counter() - began)

    transaction.Atomic.__enter__, transaction.Atomic.__exit__ = timed_enter, timed_leave


if FOLDER in os.environ:
    watch()


@worker_ready.connect(weak=False)
def _say_ready(**_: object) -> None:
    (Path(os.environ[FOLDER]) / f"ready-{os.getpid()}").touch()


@worker_shutdown.connect(weak=False)
def _write(**_: object) -> None:
    seen = {"held_s": held_s, "waited_s": waited_s}
    (Path(os.environ[FOLDER]) / f"transactions-{os.getpid()}.json").write_text(json.dumps(seen))
