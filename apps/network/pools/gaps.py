"""What lies between the addresses of a pool that are held or were seen: free ranges, and reserved ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from apps.network.pools.entries import Entry, Plain, State
from apps.network.pools.numbers import Range


@dataclass(frozen=True, slots=True)
class Gap:
    """Addresses in a row of which none is held or was seen.

    Args:
        range: The addresses.
        reserved: What they are reserved for; empty when they are free.
    """

    range: Range
    reserved: str = ""

    @property
    def state(self) -> State:
        """What they are."""
        return State.RESERVED if self.reserved else State.FREE


def with_gaps(entries: Sequence[Entry], plain: Plain, before: str, after: str) -> list[Entry | Gap]:
    """Return entries with the free and the reserved addresses between them, in order.

    Args:
        entries: In order.
        plain: What their pool keeps back.
        before: The key from which on to fill up.
        after: The key up to which to fill up.
    """
    rows: list[Entry | Gap] = []
    first = before
    for entry in entries:
        if first < entry.key:
            rows += _gaps(Range(first, _step(entry.key, -1)), plain)
        rows.append(entry)
        first = _step(entry.key, 1)
    return [*rows, *(_gaps(Range(first, after), plain) if first <= after else [])]


def _gaps(whole: Range, plain: Plain) -> list[Entry | Gap]:
    kept = [
        Gap(Range(max(one.first, whole.first), min(one.last, whole.last)), why)
        for one, why in plain.rows()
        if one.first <= whole.last and one.last >= whole.first
    ]
    kept.sort(key=lambda gap: (gap.range.first, gap.range.last))
    rows: list[Entry | Gap] = []
    first = whole.first
    for gap in kept:
        if gap.range.last < first:
            continue
        if gap.range.first > first:
            rows.append(Gap(Range(first, _step(gap.range.first, -1))))
        rows.append(Gap(Range(max(first, gap.range.first), gap.range.last), gap.reserved))
        first = _step(gap.range.last, 1)
    return [*rows, *([Gap(Range(first, whole.last))] if first <= whole.last else [])]


def _step(key: str, by: int) -> str:
    # Behind the very last address there is none: a number one too long still sorts behind it.
    number = max(int(key[1:], 16) + by, 0)
    return f"{key[0]}{number:032x}" if number < 1 << 128 else f"{key[0]}g"
