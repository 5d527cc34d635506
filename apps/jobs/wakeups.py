"""The one place that sends Celery messages: ids only, after commit, and never the truth."""

from __future__ import annotations

import logging
from time import monotonic
from uuid import UUID

from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)

# A broker that does not even refuse is left alone for a while: a batch of many jobs must not wait for each.
SLOW_S = 1.0
REST_S = 5.0


class _Hanging:
    """Until when the broker is not asked, on this process's clock."""

    until = 0.0


def wake_lane(host_id: UUID) -> None:
    """Ask some worker to look at the host's queue.

    A broker that is away costs nothing but time: the sweeper looks at every queue again.
    """
    send("apps.jobs.tasks.advance_lane", str(host_id))


def wake_batch(batch_id: UUID) -> None:
    """Ask some worker to look whether a batch may let go of more; the sweeper looks at each, too."""
    send("apps.jobs.tasks.advance_batch", str(batch_id))


def send(task: str, *arguments: str) -> None:
    """Send one Celery message; says so in the log when the broker is away."""
    began = monotonic()
    if began >= _Hanging.until and _has_sent(task, arguments):
        return
    if monotonic() - began > SLOW_S:
        _Hanging.until = monotonic() + REST_S
    logger.warning("The broker is away; %s(%s) waits for the sweeper.", task, ", ".join(arguments))


def _has_sent(task: str, arguments: tuple[str, ...]) -> bool:
    from jailpanel.celery import app  # noqa: PLC0415  the project imports the rooms, not the rooms it

    try:
        app.send_task(task, args=arguments, ignore_result=True, retry=False)
    except OperationalError:
        return False
    return True
