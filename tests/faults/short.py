"""The short version for `make test`: a process plays each fault once, and each is a test of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

import pytest

from jailpanel.environment import BASE_DIR
from tests.faults.strikes import FAULTS, why_not_here

END_S = 60
# `make test` asks the same question each time; `make faults` looks for new ones.
SEED = 1124


def names(database: str) -> list[str]:
    return [fault.name for fault in FAULTS if database in fault.in_short]


class Rounds:
    """What the process has told so far; a test waits for its own fault's line."""

    def __init__(self, lines: IO[str]) -> None:
        self._lines = lines
        self._told: dict[str, dict[str, object]] = {}

    def of(self, fault: str) -> dict[str, object]:
        while fault not in self._told:
            line = self._lines.readline()
            assert line, f"the rounds ended before {fault} was played"
            told = json.loads(line)
            self._told[told["fault"]] = told
        return self._told[fault]


@contextmanager
def playing(database: str) -> Iterator[Rounds]:
    """Play the short version on one database; whatever happens, its processes end with it."""
    command = [sys.executable, "-m", "tests.faults", "--short", "--json", "--rounds", "1", "--hosts", "1"]
    command += ["--database", database, "--seed", str(SEED)]
    outside = {"DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE", "JAILPANEL_VAR", "PORT"}
    environment = {name: value for name, value in os.environ.items() if name not in outside}
    with subprocess.Popen(
        command, cwd=BASE_DIR, env=environment, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout
        try:
            yield Rounds(process.stdout)
        finally:
            process.terminate()
            process.wait(END_S)


def check(rounds: Rounds, fault: str, database: str) -> None:
    if why_not := next(why_not_here(known) for known in FAULTS if known.name == fault):
        pytest.skip(why_not)
    told = rounds.of(fault)
    again = f"make faults FAULT={fault} SEED={SEED} DATABASE={database}"
    assert told["violations"] == [], f"{told['violations']}\nAgain: {again}"
