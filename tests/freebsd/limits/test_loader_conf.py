"""Whether limits work on a host, and the line of loader.conf that makes them work."""

from __future__ import annotations

import pytest

from apps.freebsd.limits.loader_conf import (
    HOW_TO_ENABLE,
    Accounting,
    accounting,
    tunable_is_set,
    with_tunable,
)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "kern.racct.enable=1\n"),
        ('zfs_load="YES"', 'zfs_load="YES"\nkern.racct.enable=1\n'),
        ('kern.racct.enable="0" # why\nx="1"\n', 'kern.racct.enable=1 # why\nx="1"\n'),
        ("#kern.racct.enable=1\n", "#kern.racct.enable=1\nkern.racct.enable=1\n"),
        ("kern.racct.enable=1\nkern.racct.enable=0\n", "kern.racct.enable=1\nkern.racct.enable=1\n"),
        ("kern.racct.enabled=1\n", "kern.racct.enabled=1\nkern.racct.enable=1\n"),
    ],
)
def test_the_tunable_is_set_and_all_else_stays(before, after):
    assert not tunable_is_set(before)
    assert with_tunable(before) == after
    assert tunable_is_set(after)
    assert with_tunable(after) == after


@pytest.mark.parametrize(
    "text", ["kern.racct.enable=1\n", ' kern.racct.enable="1"', "kern.racct.enable = 1 # x"]
)
def test_the_tunable_in_its_spellings(text):
    assert tunable_is_set(text)


@pytest.mark.parametrize(
    ("values", "state"),
    [
        ({"kern.racct.enable": "1"}, Accounting.ON),
        ({"kern.racct.enable": "0"}, Accounting.OFF),
        ({}, Accounting.NOT_COMPILED),
    ],
)
def test_what_the_kernel_says(values, state):
    assert accounting(values) is state
    assert bool(HOW_TO_ENABLE[state]) is (state is not Accounting.ON)
