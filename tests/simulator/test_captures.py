"""Each captured answer of a real host is what the simulated one says, but for those listed as not played."""

from __future__ import annotations

import asyncio

import pytest

from tests.simulator.replay import FILES, Outcome, cases, not_played_yet, replay, table

NAMES = [case.name for file in FILES for case in cases(file)]


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    played = asyncio.run(replay(tmp_path_factory.mktemp("replay")))
    return {outcome.case.name: outcome for outcome in played}


@pytest.mark.parametrize("name", [name for name in NAMES if name not in not_played_yet()])
def test_case_holds(outcomes, name):
    outcome: Outcome = outcomes[name]
    assert outcome.found.masked == outcome.case.masked, outcome.case.command


def test_cases_that_are_listed_as_not_played_do_not_hold(outcomes):
    holds = [name for name in sorted(not_played_yet()) if outcomes[name].holds]
    assert holds == [], "they hold now: strike them off not_played_yet.txt"


def test_every_case_is_played_or_listed_once(outcomes):
    assert sorted(outcomes) == sorted(NAMES)
    assert not_played_yet() <= set(NAMES)


def test_table_counts_what_holds_and_names_what_does_not(outcomes):
    lines = list(table(list(outcomes.values())))
    assert lines[1].split() == ["host", "33", "33", "0"]
    assert lines[-1] == "Not played yet: nothing"
