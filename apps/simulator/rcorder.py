"""rcorder(8): in which order files with PROVIDE, REQUIRE and BEFORE lines come.

Files that need nothing from each other come in an order that is an accident of the program: it
lists files in reverse, gives each the length of its longest chain of requirements, and sorts by that
with the C library's qsort, which moves equals about. Played here because it is what one sees.

Source: reference ezjail.md §2; captures/ezjail.json (list-…: seven jails, then four).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

T = TypeVar("T")
_LINE = re.compile(r"# (PROVIDE|REQUIRE|BEFORE|KEYWORD)S?:(.*)")


@dataclass(slots=True)
class Node:
    """A file: what it provides and needs, and the length of its longest chain of needs."""

    name: str
    provides: list[str] = field(default_factory=list)
    requires: list[str] = field(default_factory=list)
    before: list[str] = field(default_factory=list)
    level: int = -1
    busy: bool = False


@dataclass(slots=True)
class Order:
    """The names in order, and rcorder's complaints."""

    names: list[str]
    complaints: list[str]


def rcorder(files: Mapping[str, str]) -> Order:
    """Put files in order.

    Args:
        files: names, in the order in which rcorder is given them, and their texts.
    """
    nodes = [_read(name, text) for name, text in files.items()][::-1]
    providers: dict[str, list[Node]] = {}
    for node in nodes:
        for word in node.provides:
            providers.setdefault(word, []).append(node)
    complaints: list[str] = []
    needs = {node.name: _needs(node, providers, complaints) for node in nodes}
    for node in nodes:
        for word in node.before:
            for later in providers.get(word, []):
                needs[later.name].append(node)
    for node in nodes:
        _measure(node, needs, complaints)
    return Order([node.name for node in qsort(nodes, lambda one, two: one.level - two.level)], complaints)


def _read(name: str, text: str) -> Node:
    """Read the first block of such lines."""
    node, reading = Node(name), False
    for line in text.splitlines():
        match = _LINE.match(line)
        if match is None:
            if reading:
                break
            continue
        reading = True
        lists = {"PROVIDE": node.provides, "REQUIRE": node.requires, "BEFORE": node.before}
        lists.get(match[1], []).extend(match[2].split())
    return node


def _needs(node: Node, providers: Mapping[str, list[Node]], complaints: list[str]) -> list[Node]:
    found: list[Node] = []
    for word in node.requires:
        if word not in providers:
            complaints.append(f"rcorder: requirement `{word}' in file `{node.name}' has no providers.")
        found += providers.get(word, [])
    return found


def _measure(node: Node, needs: Mapping[str, list[Node]], complaints: list[str]) -> None:
    if node.busy:
        complaints.append(f"rcorder: Circular dependency on file `{node.name}'.")
        return
    if node.level >= 0:
        return
    node.busy = True
    for other in needs[node.name]:
        _measure(other, needs, complaints)
    node.busy = False
    node.level = 1 + max((other.level for other in needs[node.name]), default=-1)


def qsort(items: list[T], compare: Callable[[T, T], int]) -> list[T]:
    """Order items as FreeBSD's C library does (Bentley and McIlroy), which is not stable.

    Args:
        items: in some order.
        compare: below, at or above zero.
    """
    if len(items) < 7:
        return _insertion(items, compare)
    rest = list(items)
    middle = _pivot(rest, compare)
    rest[0], rest[middle] = rest[middle], rest[0]
    low, high = 1, len(rest) - 1
    equal_low, equal_high = low, high
    while True:
        while low <= high and (order := compare(rest[low], rest[0])) <= 0:
            if order == 0:
                rest[equal_low], rest[low] = rest[low], rest[equal_low]
                equal_low += 1
            low += 1
        while low <= high and (order := compare(rest[high], rest[0])) >= 0:
            if order == 0:
                rest[high], rest[equal_high] = rest[equal_high], rest[high]
                equal_high -= 1
            high -= 1
        if low > high:
            break
        rest[low], rest[high] = rest[high], rest[low]
        low, high = low + 1, high - 1
    return _join(rest, equal_low, low, equal_high, compare)


def _join(
    rest: list[T], equal_low: int, low: int, equal_high: int, compare: Callable[[T, T], int]
) -> list[T]:
    """Bring the equal ones from both ends to the middle and sort the two sides."""
    smaller, larger = rest[equal_low:low], rest[low : equal_high + 1]
    moved = min(equal_low, len(smaller))
    left = _swapped(rest[:equal_low], smaller, moved)
    equal_end = rest[equal_high + 1 :]
    moved = min(len(larger), len(equal_end))
    right = _swapped(larger, equal_end, moved)
    count = len(smaller)
    above = len(larger)
    head, same = left[:count], left[count:] + right[: len(right) - above]
    return qsort(head, compare) + same + qsort(right[len(right) - above :], compare)


def _swapped(first: list[T], second: list[T], count: int) -> list[T]:
    """Exchange the first `count` of a stretch with its last `count`, as vecswap does."""
    whole = [*first, *second]
    for at in range(count):
        other = len(whole) - count + at
        whole[at], whole[other] = whole[other], whole[at]
    return whole


def _insertion(items: list[T], compare: Callable[[T, T], int]) -> list[T]:
    rest = list(items)
    for at in range(1, len(rest)):
        while at > 0 and compare(rest[at - 1], rest[at]) > 0:
            rest[at - 1], rest[at] = rest[at], rest[at - 1]
            at -= 1  # noqa: PLW2901 - the walk of the insertion
    return rest


def _pivot(rest: list[T], compare: Callable[[T, T], int]) -> int:
    """Choose as qsort does: the middle, the median of three, or of three medians."""
    size = len(rest)
    low, middle, high = 0, size // 2, size - 1
    if size == 7:
        return middle

    def median(one: int, two: int, three: int) -> int:
        if compare(rest[one], rest[two]) < 0:
            return (
                two
                if compare(rest[two], rest[three]) < 0
                else three
                if compare(rest[one], rest[three]) < 0
                else one
            )
        return (
            two
            if compare(rest[two], rest[three]) > 0
            else one
            if compare(rest[one], rest[three]) < 0
            else three
        )

    if size > 40:
        step = size // 8
        low = median(low, low + step, low + 2 * step)
        middle = median(middle - step, middle, middle + step)
        high = median(high - 2 * step, high - step, high)
    return median(low, middle, high)
