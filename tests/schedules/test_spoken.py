"""What people say is a cron line and back, and is said in words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.schedules.naming import when_words
from apps.schedules.spoken import HOURS, MINUTES, Every, Time, time_of
from apps.schedules.when import Timing

HOUR, MINUTE = st.integers(0, 23), st.integers(0, 59)
WEEKDAYS = st.sets(st.integers(0, 6), min_size=1).map(lambda days: tuple(sorted(days)))
TIMES = st.one_of(
    st.builds(Time, st.just(Every.MINUTES), count=st.sampled_from(MINUTES)),
    st.builds(Time, st.just(Every.HOURS), count=st.sampled_from(HOURS), minute=MINUTE),
    st.builds(Time, st.just(Every.DAY), hour=HOUR, minute=MINUTE),
    st.builds(Time, st.just(Every.WEEK), hour=HOUR, minute=MINUTE, weekdays=WEEKDAYS),
    st.builds(Time, st.just(Every.MONTH), hour=HOUR, minute=MINUTE, day=st.integers(1, 31)),
)


@given(TIMES)
def test_what_is_said_is_a_cron_line_and_back(time):
    assert Timing.parse(time.line).line == time.line
    back = time_of(time.line)
    assert (back.every, back.line) == (time.every, time.line)
    assert when_words(time.line)


@given(st.text())
def test_every_other_line_stays_a_line(text):
    line = " ".join(text.split())
    assert time_of(line).line == line


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("* * * * *", "every minute"),
        ("*/15 * * * *", "every 15 minutes"),
        ("30 * * * *", "every hour, 30 min past (UTC)"),
        ("0 */6 * * *", "every 6 hours, 0 min past (UTC)"),
        ("5 3 * * *", "every day at 03:05 (UTC)"),
        ("0 3 * * 1", "Mondays at 03:00 (UTC)"),
        ("0 3 * * 0,1,3", "Mondays, Wednesdays and Sundays at 03:00 (UTC)"),
        ("0 3 * * 1,2,3,4,5", "Monday to Friday at 03:00 (UTC)"),
        ("0 3 31 * *", "on day 31 of the month at 03:00 (UTC)"),
        ("0 3 1-7 * mon", "cron 0 3 1-7 * mon (UTC)"),
        ("*/7 * * * *", "cron */7 * * * * (UTC)"),
    ],
)
def test_times_in_words(line, words):
    assert when_words(line) == words


def test_words_name_the_panels_time_zone(settings):
    settings.TIME_ZONE = "Europe/Berlin"
    assert when_words("0 3 * * *") == "every day at 03:00 (Europe/Berlin)"
