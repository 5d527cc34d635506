"""Pages of what jobs printed: from any place, forwards or backwards, as a terminal would show it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from apps.jobs.models import Job, Step
from apps.jobs.output_reading import Span, bytes_before, spans_after, spans_before
from apps.jobs.terminal import LONG_BYTES, LOOK_BACK_BYTES, Line, Run, cut_lines, shown, style_at

PAGE_BYTES = 128 * 1024


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a job's output a page ends.

    Args:
        step: Position of the step (from 0).
        offset: The byte with which the next line begins, or the one that is not at its end yet.
        seen: Up to which byte that line was shown.
    """

    step: int = 0
    offset: int = 0
    seen: int = 0

    @classmethod
    def parse(cls, text: str) -> Place | None:
        """Read `step:offset` or `step:offset:seen`; None when it is neither."""
        numbers = text.split(":")
        if len(numbers) not in (2, 3) or not all(word.isascii() and word.isdigit() for word in numbers):
            return None
        step, offset = int(numbers[0][:6]), int(numbers[1][:18])
        return cls(step, offset, max(offset, int(numbers[-1][:18])))

    def __str__(self) -> str:
        return f"{self.step}:{self.offset}:{self.seen}"


@dataclass(frozen=True, slots=True)
class ShownLine:
    """A line as a terminal shows it, and where in its step's output it begins."""

    start: int
    runs: list[Run]


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of what a step printed.

    Args:
        step: Its position (from 0).
        start: The byte with which it begins.
        lines: What it shows.
        left_out: How many bytes before it are not stored.
        is_open: Whether it is a line that may go on.
    """

    step: int
    start: int
    lines: list[ShownLine] = field(default_factory=list)
    left_out: int = 0
    is_open: bool = False

    @property
    def is_first(self) -> bool:
        """Whether the step's output begins with it."""
        return self.start == 0

    @property
    def text(self) -> str:
        """What it shows, as text."""
        return "".join(run.text for line in self.lines for run in line.runs)


@dataclass(frozen=True, slots=True)
class OutputPage:
    """Pieces of a job's output, one after the other.

    Args:
        parts: The pieces.
        end: Where the next page begins.
        has_earlier: Whether something comes before them.
        has_later: Whether something comes after them already.
        replaces: Whether they begin with the line that was shown last before, which was not at its end.
    """

    parts: list[Part]
    end: Place
    has_earlier: bool = False
    has_later: bool = False
    replaces: bool = False

    @property
    def begin(self) -> str:
        """What to ask with for the page before: `step:offset`."""
        return f"{self.parts[0].step}:{self.parts[0].start}" if self.parts else f"{self.end.step}:0"


def output_after(job: Job, place: Place) -> OutputPage:
    """Return what a job printed from a place on: about PAGE_BYTES, in whole lines while there is more."""
    parts: list[Part] = []
    end, left, has_later = place, PAGE_BYTES, False
    steps = _printing(job, place.step)
    for step in steps:
        if has_later := left <= 0:
            break
        offset = place.offset if step.position == place.step else 0
        found, reached, has_later = _step_after(step, offset, left, is_last=step is steps[-1])
        if reached.seen == offset:
            continue
        parts, end = parts + found, reached
        left -= end.seen - offset
        if has_later:
            break
    has_earlier = place.offset > 0 or len(_printing(job, 0)) > len(steps)
    if end == place:
        return OutputPage([], place, has_earlier, has_later)
    return OutputPage(parts, end, has_earlier, has_later, replaces=place.seen > place.offset)


def _step_after(step: Step, offset: int, at_most: int, *, is_last: bool) -> tuple[list[Part], Place, bool]:
    """Read a step from a line's beginning on, and further while that shows nothing."""
    parts: list[Part] = []
    at, seen, has_later = offset, offset, True
    while has_later and not parts:
        spans, has_later = spans_after(step.pk, at, at_most)
        if not spans:
            break
        ending = Ending.CUT if has_later else Ending.OPEN if is_last else Ending.CLOSED
        parts, reached = _parts(step, spans, ending)
        # A line may be longer than what is left of the page.
        at_most = at_most if reached > at else 2 * at_most
        at, seen = reached, reached if has_later else spans[-1].end
    return parts, Place(step.position, at, seen), has_later


def output_before(job: Job, place: Place | None = None) -> OutputPage:
    """Return what a job printed before a place, by default at its end: about PAGE_BYTES, in whole lines."""
    parts: list[Part] = []
    end, left, has_earlier = place, PAGE_BYTES, False
    for step in reversed(_printing(job, 0)):
        if place and step.position > place.step:
            continue
        if has_earlier := has_earlier or left <= 0:
            break
        until = place.offset if place and step.position == place.step else None
        spans, has_earlier = _lines_before(step, until, left)
        if not spans:
            continue
        found, line = _parts(step, spans, Ending.CLOSED if end else Ending.OPEN)
        parts = found + parts
        end = end or Place(step.position, line, spans[-1].end)
        left -= sum(len(span.data) for span in spans)
    return OutputPage(parts, end or Place(), has_earlier, has_later=place is not None)


def output_around(job: Job, place: Place) -> OutputPage:
    """Return what a job printed around a line: a quarter of a page before it, the rest after it."""
    step = next((step for step in _printing(job, place.step) if step.position == place.step), None)
    spans, _ = _lines_before(step, place.offset, PAGE_BYTES // 4) if step else ([], False)
    is_near = bool(spans) and spans[-1].end == place.offset
    start = spans[-1].offset if is_near else place.offset
    return output_after(job, Place(place.step, start, start))


class Ending(Enum):
    """What becomes of a last line that is not at its end."""

    OPEN = "it may go on"
    CLOSED = "it will not go on"
    CUT = "it goes on on the next page"


def _parts(step: Step, spans: list[Span], ending: Ending) -> tuple[list[Part], int]:
    """Make pieces of spans, the first of which begins at a line's beginning.

    Returns:
        The pieces, and the byte with which the next line begins, or the one that is not at its end.
    """
    parts: list[Part] = []
    at = spans[0].offset
    for span in spans:
        found, at = _parts_of(step, span, ending if span is spans[-1] else Ending.CLOSED)
        parts += found
    return parts, at


def _parts_of(step: Step, span: Span, ending: Ending) -> tuple[list[Part], int]:
    lines, rest = cut_lines(span.data)
    if rest < len(span.data) and ending is not Ending.CUT:
        lines.append(Line(rest, span.data[rest:]))
    style = style_at(bytes_before(step.pk, span.offset, LOOK_BACK_BYTES))
    looks = shown([line.data for line in lines], style)
    made = [ShownLine(span.offset + line.start, runs) for line, runs in zip(lines, looks, strict=True)]
    is_open = ending is Ending.OPEN and rest < len(span.data)
    opened = [made.pop()] if is_open else []
    parts = []
    if made or span.left_out:
        parts.append(Part(step.position, span.offset, made, span.left_out))
    if opened:
        start = opened[0].start if parts else span.offset
        parts.append(Part(step.position, start, opened, is_open=True))
    return parts, span.end if ending is Ending.CLOSED else span.offset + rest


def _lines_before(step: Step, end: int | None, at_most: int) -> tuple[list[Span], bool]:
    """Read a step backwards; what was read begins at a line's beginning, if there is one in it."""
    spans, has_earlier = spans_before(step.pk, end, at_most)
    if not spans or spans[0].follows == b"\n":
        return spans, has_earlier
    first = spans[0]
    cut = first.data.find(b"\n") + 1
    if 0 < cut < len(first.data):
        return [Span(first.offset + cut, first.data[cut:]), *spans[1:]], True
    if len(spans) > 1:
        return spans[1:], True
    if at_most < LONG_BYTES:
        return _lines_before(step, end, 2 * at_most)
    redrawn = max(0, first.data.find(b"\r", 0, -1))
    return [Span(first.offset + redrawn, first.data[redrawn:])], True


def _printing(job: Job, position: int) -> list[Step]:
    """Return the steps that have printed something, from a position on; the job's steps have been fetched."""
    return [step for step in job.steps.all() if step.output_bytes and step.position >= position]
