"""Reads `ipfw -a -T -S list` and `ipfw set show`.

Source: reference ipfw §1, §4, §8; captures ipfw (seed-show, seed-sets, set-disable). That -T prints 0 for a
rule that never matched: inferred.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from apps.freebsd.errors import InvalidInput, ParseError
from apps.freebsd.firewall.parse import read_leniently

if TYPE_CHECKING:
    from apps.freebsd.firewall.model import Rule

_DISABLED = "# DISABLED "
_LINE = re.compile(r"(\d{5,6}) +(\d+) +(\d+) +(\d+) (set \d+ .*)")
_SETS = re.compile(r"(?:disable((?: \d+)+) )?enable((?: \d+)*)")


@dataclass(frozen=True, slots=True)
class SeenRule:
    """A rule as it is on a host.

    Args:
        rule: With its number and set; the default rule 65535 is among them.
        packets: How many it has met.
        bytes: How many bytes these had.
        matched_at: When it last did, in seconds since 1970; None for never.
        is_disabled: Whether its set is switched off.
    """

    rule: Rule
    packets: int
    bytes: int
    matched_at: int | None
    is_disabled: bool = False


def parse_rule_list(text: str) -> tuple[SeenRule, ...]:
    """Read what `ipfw -a -T -S list` prints.

    Raises:
        ParseError: A line is no rule with its counters, time and set.
    """
    return tuple(_seen(line) for line in text.split("\n") if line.strip())


def parse_set_show(text: str) -> frozenset[int]:
    """Read which sets are switched off from what `ipfw set show` prints.

    Raises:
        ParseError: It says something else.
    """
    match = _SETS.fullmatch(text.strip())
    if match is None:
        raise ParseError("ipfw set show: it does not say which sets are enabled.")
    return frozenset(map(int, (match[1] or "").split()))


def _seen(line: str) -> SeenRule:
    is_disabled = line.startswith(_DISABLED)
    match = _LINE.fullmatch(line.removeprefix(_DISABLED).rstrip())
    if match is None:
        raise ParseError(f"ipfw list: this line is no rule with its counters: {line[:80]!r}")
    number, packets, size, matched_at, rest = match.groups()
    try:
        rule = read_leniently(f"{number} {rest}")
    except InvalidInput as error:
        raise ParseError(f"ipfw list: {error.message}") from error
    return SeenRule(rule, int(packets), int(size), int(matched_at) or None, is_disabled)
