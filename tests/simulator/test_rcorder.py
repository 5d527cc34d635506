from __future__ import annotations

import pytest

from apps.simulator.rcorder import qsort, rcorder

HEADER = "# PROVIDE: standard_ezjail\n# REQUIRE: \n# BEFORE: \n#\n"


def test_equal_files_come_as_captured_for_seven():
    names = ["badip", "dup", "flav", "pub", "six", "test", "two_example"]
    order = rcorder(dict.fromkeys(names, HEADER))
    assert order.names == ["pub", "test", "six", "two_example", "flav", "dup", "badip"]


def test_equal_files_come_backwards_for_fewer():
    assert rcorder(dict.fromkeys(["badip", "dup", "six", "test"], HEADER)).names == [
        "test",
        "six",
        "dup",
        "badip",
    ]


def test_requirements_come_first():
    files = {
        "a": "# PROVIDE: web\n# REQUIRE: db\n",
        "b": "# PROVIDE: db\n",
        "c": "# PROVIDE: dns\n# BEFORE: db\n",
    }
    assert rcorder(files).names == ["c", "b", "a"]


def test_missing_providers_and_circles_are_complained_of():
    missing = rcorder({"a": "# REQUIRE: nosuch\n"})
    assert missing.complaints == ["rcorder: requirement `nosuch' in file `a' has no providers."]
    circle = rcorder({"a": "# PROVIDE: a\n# REQUIRE: b\n", "b": "# PROVIDE: b\n# REQUIRE: a\n"})
    assert sorted(circle.names) == ["a", "b"]
    assert "Circular dependency on file" in circle.complaints[0]


def test_nothing_is_nothing():
    assert rcorder({}).names == []


@pytest.mark.parametrize("size", [1, 6, 7, 8, 41, 100])
def test_qsort_sorts(size):
    numbers = [number * 7 % 9 for number in range(size)]
    assert qsort(numbers, lambda one, two: one - two) == sorted(numbers)
