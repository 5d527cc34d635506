"""Reading the bytes that are stored of a step's output, from any place, forwards and backwards."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from django.db.models import QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from apps.jobs.models import OutputChunk, Step
from apps.jobs.terminal import Line, cut_lines

STRETCH_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes without a gap.

    Args:
        offset: Where they begin.
        data: The bytes.
        left_out: How many bytes before them are not stored.
        follows: The byte before them, where it is known; a newline where there is none.
    """

    offset: int
    data: bytes
    left_out: int = 0
    follows: bytes = b"\n"

    @property
    def end(self) -> int:
        """The byte after the last one."""
        return self.offset + len(self.data)


def _chunks(step_id: int) -> QuerySet[OutputChunk]:
    return OutputChunk.objects.filter(step_id=step_id)


def spans_after(step_id: int, start: int, at_most: int) -> tuple[list[Span], bool]:
    """Read about `at_most` bytes from byte `start` on, in whole chunks, and past a gap at their end.

    Returns:
        What was read, and whether there is more.
    """
    chunks = _chunks(step_id).order_by("offset")
    holding = chunks.filter(offset__lte=start).order_by("-offset").values("offset")[:1]
    until = start + at_most
    gathered = _Gathered(start)
    for chunk in chunks.filter(offset__gte=Coalesce(Subquery(holding), Value(0)), offset__lt=until):
        skip = max(0, start - chunk.offset)
        gathered.add(chunk.offset + skip, bytes(chunk.data)[skip:])
    rest = chunks.filter(offset__gte=until)
    following = rest.values_list("offset", flat=True).first()
    if following is None or following == gathered.end:
        return gathered.spans(), following is not None
    after_gap = list(rest[:2])
    for chunk in after_gap[:1]:
        gathered.add(chunk.offset, bytes(chunk.data))
    return gathered.spans(), len(after_gap) > 1


def spans_before(step_id: int, end: int | None, at_most: int) -> tuple[list[Span], bool]:
    """Read about `at_most` bytes up to byte `end`, by default the last one, the same way."""
    chunks = _chunks(step_id).order_by("-offset")
    last = (chunks if end is None else chunks.filter(offset__lt=end)).first()
    if last is None:
        return [], False
    end = last.offset + len(last.data) if end is None else end
    since = min(last.offset, max(0, end - at_most))
    before = chunks.filter(offset__lt=since).first()
    gathered = _Gathered(before.offset + len(before.data) if before else 0)
    for chunk in chunks.filter(offset__gte=since, offset__lt=end).order_by("offset"):
        gathered.add(chunk.offset, bytes(chunk.data)[: end - chunk.offset])
    spans = gathered.spans()
    if before and spans and not spans[0].left_out:
        spans[0] = replace(spans[0], follows=bytes(before.data)[-1:])
    return spans, before is not None


def bytes_before(step_id: int, offset: int, at_most: int) -> bytes:
    """Return the last bytes before `offset`, as far as they are stored."""
    spans, _ = spans_before(step_id, offset, at_most) if offset else ([], False)
    return spans[-1].data[-at_most:] if spans and spans[-1].end == offset else b""


class _Gathered:
    """Chunks that are put together where nothing is missing between them."""

    def __init__(self, start: int) -> None:
        self.end = start
        self._found: list[tuple[int, int, list[bytes]]] = []

    def add(self, offset: int, data: bytes) -> None:
        if not data:
            return
        if not self._found or offset != self.end:
            self._found.append((offset, offset - self.end, []))
        self._found[-1][2].append(data)
        self.end = offset + len(data)

    def spans(self) -> list[Span]:
        return [Span(offset, b"".join(pieces), left_out) for offset, left_out, pieces in self._found]


@dataclass(frozen=True, slots=True)
class Stretch:
    """Lines of a step that follow each other.

    Args:
        offset: The byte with which they begin.
        lines: Their bytes, with their places from `offset` on.
        left_out: How many bytes before them are not stored.
    """

    offset: int
    lines: list[Line]
    left_out: int = 0


def stretches(step: Step) -> Iterator[Stretch]:
    """Return all that is stored of a step, in lines, a little at a time."""
    at, has_more = 0, True
    while has_more:
        spans, has_more = spans_after(step.pk, at, STRETCH_BYTES)
        for span in spans:
            lines, rest = cut_lines(span.data)
            if rest < len(span.data) and not (has_more and span is spans[-1]):
                lines.append(Line(rest, span.data[rest:]))
                rest = len(span.data)
            at = span.offset + rest
            yield Stretch(span.offset, lines, span.left_out)
