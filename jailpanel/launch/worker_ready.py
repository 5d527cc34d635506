"""Loaded into the worker by the launcher (`celery worker --include`): says when it takes tasks."""

from __future__ import annotations

import os
from pathlib import Path

from celery.signals import worker_ready

FILE_VARIABLE = "JAILPANEL_WORKER_READY_FILE"


@worker_ready.connect(weak=False)
def _announce(**_: object) -> None:
    Path(os.environ[FILE_VARIABLE]).touch()
