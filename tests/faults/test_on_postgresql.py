"""Each fault once, on PostgreSQL; `make faults` plays them all, again and again."""

from __future__ import annotations

import pytest

from tests.faults import short

pytestmark = pytest.mark.faults
DATABASE = "postgresql"


@pytest.fixture(scope="module")
def rounds():
    with short.playing(DATABASE) as told:
        yield told


@pytest.mark.parametrize("fault", short.names(DATABASE))
def test_what_must_hold_does(rounds, fault):
    short.check(rounds, fault, DATABASE)
