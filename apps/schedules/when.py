"""When something is due: the five fields of a cron line, in the panel's one time zone.

Beat, the pages and the runs all ask this one place, so that a schedule runs when its page says. A day and a
weekday must both match, as in Celery (cron itself takes either). Where the clock is set forward, what was due
in the hour that is left out is due as much later; where it is set back, only what runs in every hour
runs twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import islice
from typing import Self
from zoneinfo import ZoneInfo

from celery.schedules import ParseException, crontab_parser
from django.conf import settings

from apps.freebsd.errors import InvalidInput

# Label of a field, how many values it has, the first of them.
FIELDS = (
    ("minute", 60, 0),
    ("hour", 24, 0),
    ("day of the month", 31, 1),
    ("month", 12, 1),
    ("day of the week", 7, 0),
)
NAMES = {
    "month": frozenset(("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")),
    "day of the week": frozenset(("sun", "mon", "tue", "wed", "thu", "fri", "sat")),
}
# *, */5, 7, mon, 1-5, mon-fri, 0-30/10
PART = re.compile(r"\*(?:/[0-9]{1,3})?|([0-9]{1,2}|[a-z]{3})(?:-([0-9]{1,2}|[a-z]{3})(?:/[0-9]{1,3})?)?")
MOST_CHARACTERS = 100
# The 29th of February comes on each weekday within 40 years, a missing leap year in between.
MOST_DAYS = 15_000
HOURS_A_DAY = 24


def zone() -> ZoneInfo:
    """Return the time zone in which all schedules are meant and shown."""
    return ZoneInfo(settings.TIME_ZONE)


@dataclass(frozen=True, slots=True)
class Timing:
    """The moments at which something is due.

    Args:
        line: The cron line, with single blanks.
        minutes: Minutes of the hour.
        hours: Hours of the day.
        days: Days of the month.
        months: Months of the year.
        weekdays: Days of the week, Sunday being 0.
    """

    line: str
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]

    @classmethod
    @lru_cache(maxsize=1000)
    def parse(cls, line: str) -> Self:
        """Return the timing of a cron line.

        Raises:
            InvalidInput: It is none, or never comes true.
        """
        words = line.split()
        if len(words) != len(FIELDS) or len(line) > MOST_CHARACTERS:
            raise InvalidInput(
                "A cron line has five fields: minute, hour, day, month, weekday.", field="line"
            )
        minutes, hours, days, months, weekdays = map(_values, words, FIELDS)
        timing = cls(
            " ".join(words), tuple(sorted(minutes)), tuple(sorted(hours)),
            frozenset(days), frozenset(months), frozenset(weekdays),
        )  # fmt: skip
        if timing.next_after(datetime(2026, 1, 1, tzinfo=UTC)) is None:
            raise InvalidInput("No day is ever like this.", field="line")
        return timing

    @property
    def words(self) -> tuple[str, ...]:
        """The five fields."""
        return tuple(self.line.split())

    def next_after(self, moment: datetime) -> datetime | None:
        """Return the first moment after `moment`, in UTC; None when there is none for decades."""
        return next(self._after(moment), None)

    def coming(self, moment: datetime, count: int) -> list[datetime]:
        """Return the next `count` moments after `moment`, in UTC."""
        return list(islice(self._after(moment), count))

    def latest(self, moment: datetime, since: datetime) -> datetime | None:
        """Return the last moment up to `moment` that is later than `since`, in UTC."""
        day, first = moment.astimezone(zone()).date(), since.astimezone(zone()).date()
        while day >= first:
            passed = [instant for instant in self._instants(day) if since < instant <= moment]
            if passed:
                return max(passed)
            day -= timedelta(days=1)
        return None

    def _after(self, moment: datetime) -> Iterator[datetime]:
        first = moment.astimezone(zone()).date()
        for number in range(MOST_DAYS):
            yield from (i for i in self._instants(first + timedelta(days=number)) if i > moment)

    def _instants(self, day: date) -> Iterator[datetime]:
        """Yield the moments of one day in order."""
        is_right = day.day in self.days and day.month in self.months and day.isoweekday() % 7 in self.weekdays
        if not is_right:
            return
        midnight = datetime.combine(day, time(), zone())
        if midnight.utcoffset() == (midnight + timedelta(days=1)).utcoffset():
            began = midnight.astimezone(UTC)
            yield from (began + timedelta(hours=h, minutes=m) for h in self.hours for m in self.minutes)
        else:
            yield from sorted(self._around_a_change(midnight))

    def _around_a_change(self, midnight: datetime) -> set[datetime]:
        """Return the moments of a day on which the clock is changed."""
        folds = (0, 1) if len(self.hours) == HOURS_A_DAY else (0,)
        local = (midnight.replace(hour=h, minute=m) for h in self.hours for m in self.minutes)
        return {
            each.replace(fold=fold).astimezone(UTC) for each in local for fold in folds if _is(each, fold)
        }


def _is(local: datetime, fold: int) -> bool:
    """Whether the clock shows this a first (fold 0) or second time; what it leaves out counts as a first."""
    return fold == 0 or local.utcoffset() > local.replace(fold=1).utcoffset()  # type: ignore[operator]


def _values(word: str, field: tuple[str, int, int]) -> set[int]:
    label, count, first = field
    # Sunday has two numbers in cron, one in Celery.
    spec = "0" if word == "7" and label == FIELDS[4][0] else word.lower()
    if not all(_is_plain(part, NAMES.get(label, frozenset())) for part in spec.split(",")):
        raise InvalidInput(f"“{word}” is no {label} of a cron line.", field="line")
    try:
        return set(crontab_parser(count, first).parse(spec))
    except (ParseException, ValueError, OverflowError) as error:
        raise InvalidInput(f"“{word}” is no {label} of a cron line.", field="line") from error


def _is_plain(part: str, names: frozenset[str]) -> bool:
    """Whether it is all a cron line's; Celery overlooks what stands behind, and takes any name anywhere."""
    form = PART.fullmatch(part)
    return form is not None and {word for word in form.groups("") if word.isalpha()} <= names
