"""Searching through what a job printed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from apps.jobs.models import Job, Step
from apps.jobs.output_reading import Stretch, stretches
from apps.jobs.terminal import plain

MOST_MATCHES = 100
MOST_SEARCHED_BYTES = 32 * 1024 * 1024
AROUND = 80


@dataclass(frozen=True, slots=True)
class Match:
    """A line that holds what was searched for.

    Args:
        step: Position of its step (from 0).
        offset: The byte with which it begins.
        number: Which line of the step it is (from 1); None after a gap, where nobody knows.
        before: What stands before the match, the end of it.
        text: The match.
        after: What stands after it, the beginning of it.
    """

    step: int
    offset: int
    number: int | None
    before: str
    text: str
    after: str


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found; `is_all` unless there is more than is listed or searched through."""

    matches: list[Match]
    is_all: bool


def pattern_of(wanted: str) -> re.Pattern[str] | None:
    """Return what finds a text, in any case; None when nothing is searched for."""
    return re.compile(re.escape(wanted), re.IGNORECASE) if wanted.strip() else None


def output_search(job: Job, pattern: re.Pattern[str]) -> Found:
    """Return the first lines that match, in all that is stored of a job's output."""
    matches: list[Match] = []
    left = MOST_SEARCHED_BYTES
    for step in job.steps.all():
        number: int | None = 1
        for stretch in stretches(step):
            number = None if stretch.left_out else number
            if left <= 0:
                return Found(matches, is_all=False)
            matches += _matches(step, stretch, number, pattern)
            if len(matches) > MOST_MATCHES:
                return Found(matches[:MOST_MATCHES], is_all=False)
            left -= sum(len(line.data) for line in stretch.lines)
            if number is not None:
                number += sum(line.data.endswith(b"\n") for line in stretch.lines)
    return Found(matches, is_all=True)


def _matches(step: Step, stretch: Stretch, number: int | None, pattern: re.Pattern[str]) -> Iterator[Match]:
    for line in stretch.lines:
        text = plain(line.data).removesuffix("\n")
        if found := pattern.search(text):
            before = text[max(0, found.start() - AROUND) : found.start()]
            after = text[found.end() : found.end() + AROUND]
            yield Match(step.position, stretch.offset + line.start, number, before, found[0], after)
        if number is not None:
            number += line.data.endswith(b"\n")
