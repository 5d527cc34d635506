"""Output as HTML: text and a few classes, whatever a command printed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import groupby, pairwise

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from apps.jobs.output_queries import Part
from apps.jobs.terminal import Run

# Classes, whether it is marked, and the text.
Piece = tuple[str, bool, str]


def part_html(part: Part, pattern: re.Pattern[str] | None = None, hit: int | None = None) -> SafeString:
    """Return what a part shows.

    Args:
        part: The part.
        pattern: What is searched for, to be marked.
        hit: Where the line begins whose first match one wants to see; it gets the id "hit".
    """
    pieces: list[SafeString] = []
    plain: list[Piece] = []
    for line in part.lines:
        if pattern and line.start == hit:
            pieces += [_html(plain), _with_id(list(_marked(line.runs, pattern)))]
            plain = []
        else:
            plain += _marked(line.runs, pattern) if pattern else _unmarked(line.runs)
    return format_html_join("", "{}", ((piece,) for piece in [*pieces, _html(plain)]))


def _with_id(pieces: list[Piece]) -> SafeString:
    """Give the first match the id that an address leads to."""
    first = next((number for number, (_, is_marked, _) in enumerate(pieces) if is_marked), len(pieces))
    if first == len(pieces):
        return _html(pieces)
    css, _, text = pieces[first]
    mark = format_html('<mark id="hit" class="{}">{}</mark>', css, text)
    return format_html("{}{}{}", _html(pieces[:first]), mark, _html(pieces[first + 1 :]))


def _html(pieces: Iterable[Piece]) -> SafeString:
    return format_html_join("", "{}", ((_element(*key, group),) for key, group in _alike(pieces)))


def _alike(pieces: Iterable[Piece]) -> Iterator[tuple[tuple[str, bool], str]]:
    for key, group in groupby(pieces, key=lambda piece: piece[:2]):
        yield key, "".join(text for _, _, text in group)


def _element(css: str, is_marked: bool, text: str) -> SafeString:
    if is_marked:
        return format_html('<mark class="{}">{}</mark>', css, text)
    return format_html('<span class="{}">{}</span>', css, text) if css else format_html("{}", text)


def _unmarked(runs: Iterable[Run]) -> Iterator[Piece]:
    return ((run.style.css, False, run.text) for run in runs)


def _marked(runs: list[Run], pattern: re.Pattern[str]) -> Iterator[Piece]:
    """Cut runs where matches begin and end."""
    text = "".join(run.text for run in runs)
    spans = [found.span() for found in pattern.finditer(text)]
    bounds = sorted({bound for span in spans for bound in span})
    inside = dict(spans)
    at, marked_until = 0, 0
    for run in runs:
        end = at + len(run.text)
        cuts = [at, *(bound for bound in bounds if at < bound < end), end]
        for start, stop in pairwise(cuts):
            marked_until = inside.get(start, marked_until)
            yield run.style.css, start < marked_until, text[start:stop]
        at = end
