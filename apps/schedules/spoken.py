"""How people say when: every 15 minutes, weekly on Monday at 03:00. Each is a cron line, and back.

Minutes and hours are only such as fill an hour and a day evenly: cron's every 7 minutes are 4 at a full hour.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

MINUTES = (1, 2, 5, 10, 15, 20, 30)
HOURS = (1, 2, 3, 4, 6, 8, 12)

_N = r"([0-9]|[1-5][0-9])"
_H = r"([0-9]|1[0-9]|2[0-3])"


class Every(StrEnum):
    """A form."""

    MINUTES = "minutes"
    HOURS = "hours"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    CRON = "cron"


@dataclass(frozen=True, slots=True)
class Time:
    """When, in one of the forms; what a form has no use for is left as it is.

    Args:
        every: The form.
        count: How many minutes or hours.
        hour: Of the day.
        minute: Of the hour.
        weekdays: Sunday being 0.
        day: Of the month.
        text: The cron line itself, for the form that is one.
    """

    every: Every
    count: int = 15
    hour: int = 3
    minute: int = 0
    weekdays: tuple[int, ...] = (1,)
    day: int = 1
    text: str = ""

    @property
    def clock(self) -> str:
        """The time of day."""
        return f"{self.hour:02}:{self.minute:02}"

    @property
    def line(self) -> str:
        """The cron line."""
        match self.every:
            case Every.MINUTES:
                return "* * * * *" if self.count == 1 else f"*/{self.count} * * * *"
            case Every.HOURS:
                return f"{self.minute} {'*' if self.count == 1 else f'*/{self.count}'} * * *"
            case Every.DAY:
                return f"{self.minute} {self.hour} * * *"
            case Every.WEEK:
                days = ",".join(str(day) for day in sorted(set(self.weekdays)))
                return f"{self.minute} {self.hour} * * {days}"
            case Every.MONTH:
                return f"{self.minute} {self.hour} {self.day} * *"
            case Every.CRON:
                return " ".join(self.text.split())


def time_of(line: str) -> Time:
    """Return the form that a cron line has; what has no other is a line as such."""
    for form, make in _FORMS:
        if found := form.fullmatch(line):
            time = make(*found.groups())
            if time.line == line:
                return time
    return Time(Every.CRON, text=line)


def _minutes(count: str | None) -> Time:
    return Time(Every.MINUTES, count=int(count or 1))


def _hours(minute: str, count: str | None) -> Time:
    return Time(Every.HOURS, minute=int(minute), count=int(count or 1))


def _day(minute: str, hour: str) -> Time:
    return Time(Every.DAY, minute=int(minute), hour=int(hour))


def _week(minute: str, hour: str, days: str) -> Time:
    weekdays = tuple(int(day) for day in days.split(","))
    return Time(Every.WEEK, minute=int(minute), hour=int(hour), weekdays=weekdays)


def _month(minute: str, hour: str, day: str) -> Time:
    return Time(Every.MONTH, minute=int(minute), hour=int(hour), day=int(day))


_FORMS = (
    (re.compile(rf"\*(?:/({'|'.join(map(str, MINUTES[1:]))}))? \* \* \* \*"), _minutes),
    (re.compile(rf"{_N} \*(?:/({'|'.join(map(str, HOURS[1:]))}))? \* \* \*"), _hours),
    (re.compile(rf"{_N} {_H} \* \* \*"), _day),
    (re.compile(rf"{_N} {_H} \* \* ([0-6](?:,[0-6])*)"), _week),
    (re.compile(rf"{_N} {_H} ([1-9]|[12][0-9]|3[01]) \* \*"), _month),
)
