"""When a schedule is due, against Celery's own reckoning where that is right, and by hand where it is not."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.test import override_settings
from django_celery_beat.tzcrontab import TzAwareCrontab
from hypothesis import given
from hypothesis import strategies as st

from apps.freebsd.errors import InvalidInput
from apps.schedules.when import Timing


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def field(first: int, last: int) -> st.SearchStrategy[str]:
    number = st.integers(first, last)
    span = st.tuples(number, number).map(lambda pair: f"{min(pair)}-{max(pair)}")
    step = st.integers(1, last).map(lambda n: f"*/{n}")
    several = st.lists(number.map(str), min_size=1, max_size=4).map(",".join)
    return st.one_of(st.just("*"), several, span, step)


# Each month has a 28th: later days are looked at by hand below.
LINES = st.tuples(field(0, 59), field(0, 23), field(1, 28), field(1, 12), field(0, 6)).map(" ".join)
MOMENTS = st.integers(1_700_000_000, 1_900_000_000).map(lambda s: datetime.fromtimestamp(s, UTC))


def celerys_next(line: str, moment: datetime, zone: str) -> datetime:
    """What django-celery-beat's own schedule says."""
    minute, hour, day, month, weekday = line.split()
    schedule = TzAwareCrontab(minute, hour, weekday, day, month, tz=ZoneInfo(zone))
    last, delta, _ = schedule.remaining_delta(moment.astimezone(ZoneInfo(zone)))
    return (last + delta).astimezone(UTC)


@given(LINES, MOMENTS)
def test_the_next_moment_is_the_one_that_django_celery_beat_reckons(line, moment):
    assert Timing.parse(line).next_after(moment) == celerys_next(line, moment, "UTC")


@given(LINES, MOMENTS)
def test_the_latest_moment_is_the_one_whose_next_comes_after(line, moment):
    timing = Timing.parse(line)
    first, second = timing.coming(moment, 2)
    assert timing.latest(second - timedelta(seconds=1), since=moment) == first
    assert timing.latest(first, since=moment) == first
    assert timing.latest(first - timedelta(seconds=1), since=moment) is None


@pytest.mark.parametrize("zone", ["Asia/Kathmandu", "America/St_Johns", "Europe/Berlin", "Pacific/Apia"])
def test_times_are_meant_in_the_panels_zone(settings, zone):
    settings.TIME_ZONE = zone
    moment = at("2026-07-01 12:00")
    due = Timing.parse("30 3 * * *").next_after(moment)
    assert due.astimezone(ZoneInfo(zone)).strftime("%H:%M") == "03:30"
    assert due == celerys_next("30 3 * * *", moment, zone)


def dues(line: str, since: str, count: int) -> list[str]:
    return [due.strftime("%H:%M") for due in Timing.parse(line).coming(at(since), count)]


def test_what_is_due_in_the_hour_that_is_left_out_is_due_an_hour_later(settings):
    settings.TIME_ZONE = "Europe/Berlin"
    # 29 March 2026: 02:00 CET (01:00 UTC) becomes 03:00 CEST.
    assert dues("30 2 * * *", "2026-03-28 12:00", 2) == ["01:30", "00:30"]
    assert dues("30 2,3 * * *", "2026-03-28 12:00", 2) == ["01:30", "00:30"]
    assert dues("*/30 * * * *", "2026-03-29 00:00", 4) == ["00:30", "01:00", "01:30", "02:00"]


def test_what_is_due_in_the_hour_that_comes_twice_is_due_once_unless_it_runs_every_hour(settings):
    settings.TIME_ZONE = "Europe/Berlin"
    # 25 October 2026: 03:00 CEST (01:00 UTC) becomes 02:00 CET.
    assert dues("30 2 * * *", "2026-10-24 12:00", 2) == ["00:30", "01:30"]
    assert dues("*/30 * * * *", "2026-10-25 00:00", 4) == ["00:30", "01:00", "01:30", "02:00"]


@given(MOMENTS)
def test_every_quarter_of_an_hour_is_due_through_every_change_of_the_clock(moment):
    with override_settings(TIME_ZONE="Europe/Berlin"):
        first, *_, last = Timing.parse("*/15 * * * *").coming(moment, 200)
    assert last - first == 199 * timedelta(minutes=15)


@pytest.mark.parametrize(
    ("line", "since", "wanted"),
    [
        ("0 3 31 * *", "2026-04-01 00:00", "2026-05-31 03:00"),
        ("0 3 29 2 *", "2026-04-01 00:00", "2028-02-29 03:00"),
        ("0 3 29 2 mon", "2026-01-01 00:00", "2044-02-29 03:00"),
        ("0 3 1-7 * mon", "2026-11-24 00:00", "2026-12-07 03:00"),
        ("0 3 * * 7", "2026-11-24 00:00", "2026-11-29 03:00"),
        ("0 3 * * SUN", "2026-11-24 00:00", "2026-11-29 03:00"),
        ("0 3 * jan-feb *", "2026-11-24 00:00", "2027-01-01 03:00"),
        ("0-30/10 3 * * *", "2026-11-24 03:11", "2026-11-24 03:20"),
        ("0 22-2 * * *", "2026-11-24 23:00", "2026-11-25 00:00"),
    ],
)
def test_rare_days_are_found(line, since, wanted):
    assert Timing.parse(line).next_after(at(since)) == at(wanted)


@pytest.mark.parametrize(
    "line",
    [
        "", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * 32 * *", "* * * 13 *",
        "* * * * 8", "*/0 * * * *", "*/5x * * * *", "1-3-5 * * * *", "5/2 * * * *", "mon * * * *",
        "* * * mon *", "* * * * jan", ", * * * *", "1, * * * *", "-1 * * * *", "a * * * *", "* * 30 2 *",
        "$(id) * * * *", "٥ * * * *", "*/999999999999 * * * *", "1," * 60 + "1 * * * *", "\0 * * * *",
        "@daily", "* * * * *\n* * * * *",
    ],
)  # fmt: skip
def test_what_is_no_cron_line_is_refused_with_a_sentence(line):
    with pytest.raises(InvalidInput) as refused:
        Timing.parse(line)
    assert refused.value.field == "line"
    assert refused.value.message.endswith(".")


@given(st.text())
def test_no_text_breaks_the_reading(line):
    with suppress(InvalidInput):
        assert Timing.parse(line).next_after(at("2026-11-24 00:00"))
