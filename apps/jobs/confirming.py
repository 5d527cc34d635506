"""Telling a host that the panel still reaches it, while a guarded step waits to hear that.

It is said over a fresh connection: one that was open before may outlive rules that let no new one in.
"""

from __future__ import annotations

import logging
from concurrent.futures import Future
from time import monotonic

from apps.freebsd.channel import loop
from apps.freebsd.commands.guarded import is_guarded, is_waiting
from apps.freebsd.errors import Conflict, PanelError
from apps.jobs import ports
from apps.jobs.models import Job, Step
from apps.jobs.output_text import last_text

logger = logging.getLogger(__name__)

# How long to wait before another attempt.
RETRY_S = 1.0


class Confirming:
    """Confirms one step once it waits for that; does nothing for any other step.

    Args:
        job: The job that the step is of.
        step: The step; what is stored of its output says whether it waits.
        who: The requester as one word of the agent's protocol.
    """

    def __init__(self, job: Job, step: Step, who: str) -> None:
        self._job, self._step, self._who = job, step, who
        self._is_wanted = is_guarded(step.argv)
        self._attempt: Future[None] | None = None
        self._next_at = 0.0

    def look(self) -> None:
        """Begin an attempt when it is time for one, and see what became of the last; never waits."""
        if not self._is_wanted:
            return
        if self._attempt is not None:
            self._judge(self._attempt)
        elif monotonic() >= self._next_at and is_waiting(last_text(self._step)):
            way = ports.gateway().confirm(
                self._job.host_id, self._step.run_id, self._who, self._job.pk.hex[:12]
            )
            self._attempt = loop.submit(way)

    def stop(self) -> None:
        """Give up an attempt that is under way."""
        if self._attempt is not None:
            self._attempt.cancel()
            self._attempt = None

    def _judge(self, attempt: Future[None]) -> None:
        """Try again after a line that could not be opened; what the host itself says is the last word."""
        if not attempt.done():
            return
        self._attempt, self._next_at = None, monotonic() + RETRY_S
        error = attempt.exception()
        if error is None or isinstance(error, Conflict):
            self._is_wanted = False
        elif not isinstance(error, PanelError):
            logger.error("Step %s could not be confirmed.", self._step.run_id, exc_info=error)
