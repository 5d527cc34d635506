"""Beat, reading schedules from the database without depending on it.

What differs from django-celery-beat's own scheduler, each after an accident that it has with others:

- The panel's own clock (`CELERY_BEAT_SCHEDULE`: sweep, probe) stays in memory. A database that is away, or
  not made yet, neither stops it nor ends beat; schedules go on with what was read last.
- When something is due is asked of `when.py`, in the panel's time zone, not of Celery's crontab, which
  reckons wrongly around changes of the clock; and what was due before a schedule was made, changed or
  switched on is not caught up with.
- Only the time of the last run is written back, never the whole row, which someone may be changing.

The work is never done here: each entry sends one message.
"""

from __future__ import annotations

import logging
import time
from datetime import datetime, timedelta
from typing import Any

from celery.beat import ScheduleEntry
from celery.schedules import schedstate
from django.db import DatabaseError, InterfaceError, close_old_connections, connection
from django_celery_beat.models import PeriodicTask
from django_celery_beat.schedulers import DatabaseScheduler, ModelEntry

from apps.freebsd.errors import InvalidInput
from apps.schedules.when import Timing

logger = logging.getLogger(__name__)

AWAY = (DatabaseError, InterfaceError)
# Also how long a clock that is set goes unnoticed.
LONGEST_WAIT_S = 300.0
LOOK_EVERY_S = 2.0


class PanelEntry(ModelEntry):  # type: ignore[misc]  # django-celery-beat has no types
    """One schedule."""

    def is_due(self) -> schedstate:
        """Say whether it is due now, and in how many seconds to ask again."""
        row = self.model.crontab
        if row is None or not self.model.enabled:
            return schedstate(is_due=False, next=LONGEST_WAIT_S)
        fields = (row.minute, row.hour, row.day_of_month, row.month_of_year, row.day_of_week)
        try:
            timing = Timing.parse(" ".join(fields))
        except InvalidInput:
            logger.warning("%s has no time that could come: %s", self.name, fields)
            return schedstate(is_due=False, next=LONGEST_WAIT_S)
        return self._state(timing, self._default_now())

    def _state(self, timing: Timing, now: datetime) -> schedstate:
        since = max(self.last_run_at, self.model.start_time or self.last_run_at)
        following = timing.next_after(now) or now + timedelta(seconds=LONGEST_WAIT_S)
        wait_s = min((following - now).total_seconds(), LONGEST_WAIT_S)
        return schedstate(is_due=timing.latest(now, since) is not None, next=wait_s)

    def save(self) -> None:
        """Write back when it ran last."""
        values = {"last_run_at": self.model.last_run_at, "total_run_count": self.model.total_run_count}
        PeriodicTask.objects.filter(pk=self.model.pk, enabled=True).update(**values)


class PanelScheduler(DatabaseScheduler):  # type: ignore[misc]  # django-celery-beat has no types
    """The panel's own clock, and the schedules that people make."""

    Entry = PanelEntry

    def setup_schedule(self) -> None:
        """Have the panel's own entries ready; nothing of them is kept in the database."""
        self._own = {
            name: ScheduleEntry(name=name, app=self.app, **fields)
            for name, fields in self.app.conf.beat_schedule.items()
        }
        self._made: dict[str, ScheduleEntry] = {}
        self._looked = float("-inf")
        self._is_away = False

    def reserve(self, entry: ScheduleEntry) -> ScheduleEntry:
        """Note that an entry runs now; only schedules are written back."""
        name, following = str(entry.name), next(entry)
        if name in self._own:
            self._own[name] = following
        else:
            self._made[name] = following
            self._dirty.add(name)
        self._schedule[name] = following
        return following

    def enabled_models_qs(self) -> Any:
        """Return every schedule that is switched on: there are few, and none must be overlooked."""
        return self.Model.objects.enabled()

    def all_as_schedule(self) -> dict[str, ScheduleEntry]:
        """Return our own entries and the schedules of the database, as last read when it is away."""
        try:
            self._made = super().all_as_schedule()
        except AWAY as error:
            self._last_timestamp = None
            self._away(error)
        return {**self._made, **self._own}

    def schedule_changed(self) -> bool:
        """Say whether someone changed a schedule; when the database is away, nobody did."""
        if time.monotonic() - self._looked < LOOK_EVERY_S:
            return False
        self._looked = time.monotonic()
        try:
            close_old_connections()
            last, self._last_timestamp = self._last_timestamp, self.Changes.last_change()
        except AWAY as error:
            self._away(error)
            return False
        self._is_away = False
        return bool(self._last_timestamp) and self._last_timestamp != last

    def sync(self) -> None:
        """Write back when schedules ran; what cannot be written now is written later."""
        for name in sorted(self._dirty):
            entry = self._made.get(name)
            try:
                if isinstance(entry, PanelEntry):
                    entry.save()
            except AWAY as error:
                self._away(error)
                return
            self._dirty.discard(name)

    def _away(self, error: Exception) -> None:
        """Say once that the database is away, and have the next look open a new connection."""
        if not self._is_away:
            logger.warning("The database is away; schedules stay as they were read last: %s", error)
        self._is_away = True
        connection.close()
