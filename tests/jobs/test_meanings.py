"""What a command's exit status means, where a number alone would leave the reader guessing."""

from __future__ import annotations

import pytest

from apps.jobs.meanings import meaning_of


def test_a_file_that_is_not_what_was_published_is_said():
    assert "not what FreeBSD published" in meaning_of(["/sbin/sha256", "-c", "x", "y"], 2)


@pytest.mark.parametrize(
    ("argv", "status"), [(["/sbin/sha256"], 1), (["/sbin/zfs"], 2), ([], 2), (["x"], None)]
)
def test_of_others_nobody_knows_more_than_the_number(argv, status):
    assert not meaning_of(argv, status)
