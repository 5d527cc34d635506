from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from apps.pages import wording

NOW = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "just now"),
        (9, "just now"),
        (-9, "just now"),
        (10, "10 seconds ago"),
        (60, "1 minute ago"),
        (119, "1 minute ago"),
        (7200, "2 hours ago"),
        (86400, "1 day ago"),
        (29 * 86400, "29 days ago"),
        (31 * 86400, "24 Oct 2026"),
        (-300, "in 5 minutes"),
        (-40 * 86400, "3 Jan 2027"),
    ],
)
def test_ago(seconds, said):
    assert wording.ago(NOW - timedelta(seconds=seconds), NOW) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0.0 s"),
        (0.44, "0.4 s"),
        (1, "1 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (200, "3 min 20 s"),
        (3600, "1 h"),
        (3660, "1 h 1 min"),
        (3601, "1 h"),
        (187200, "2 d 4 h"),
        (-5, "0.0 s"),
    ],
)
def test_duration(seconds, said):
    assert wording.duration(seconds) == said
    assert wording.duration(timedelta(seconds=seconds)) == said


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1 KiB"),
        (1536, "1.5 KiB"),
        (2469606195, "2.3 GiB"),
        (120 * 1024**3, "120 GiB"),
        (5 * 1024**6, "5120 PiB"),
    ],
)
def test_size(amount, said):
    assert wording.size(amount) == said


def test_a_moment_is_said_with_its_zone():
    assert wording.full_time(NOW) == "24 Nov 2026, 12:00:00 UTC"
