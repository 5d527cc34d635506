"""A pytest plugin for the second run, on the other database: keeps the tests that use one.

What pages look like, what forms say, how many queries a page takes and what whole jobs do on simulated hosts
does not depend on the database, so the tests of these alone are left to the first run; that every page works,
with every kind of text, tests/test_endpoints.py asks on both, and the engine tests/jobs.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
FIXTURES = {"db", "transactional_db", "django_db_reset_sequences", "live_server"}
WITHOUT = {"bench", "contract", "e2e", "faults", "freebsd", "hosts/agent", "project", "simulator", "web"}
ELSEWHERE = re.compile(r"test_(?:\w*(?:views|forms|pages|simulated)|query_counts|repair_table)\.py")
OF_REQUESTS = re.compile(r"test_endpoints\.py::test_(?:htmx|other_methods|a_post_without|what_does_not)")


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Pass over what has nothing to do with a database, without importing it."""
    is_left_out = (
        str(collection_path.relative_to(TESTS)) in WITHOUT if TESTS in collection_path.parents else False
    )
    return True if is_left_out or ELSEWHERE.fullmatch(collection_path.name) else None


def uses_database(item: pytest.Item) -> bool:
    fixtures = set(getattr(item, "fixturenames", ()))
    return item.get_closest_marker("django_db") is not None or bool(fixtures & FIXTURES)


def is_kept(item: pytest.Item) -> bool:
    return uses_database(item) and not OF_REQUESTS.search(item.nodeid)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    kept = [item for item in items if is_kept(item)]
    config.hook.pytest_deselected(items=[item for item in items if not is_kept(item)])
    items[:] = kept
