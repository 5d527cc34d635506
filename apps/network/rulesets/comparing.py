"""What changes when one firewall takes the place of another: its text, the findings, the fates of packets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from apps.freebsd.firewall.compare import ChangedFate, changed_fates
from apps.freebsd.firewall.model import Firewall
from apps.freebsd.firewall.nat_config import nat_text
from apps.freebsd.firewall.packet import World
from apps.freebsd.firewall.printing import rule_text
from apps.freebsd.firewall.telling import telling_packets
from apps.jobs.file_diff import DiffLine, compare_texts
from apps.network.rulesets.findings import Finding

MOST_FATES, FIRST_FATES = 60, 12
MOST_LINES = 400
# So many steps through rules are taken at most; a set of thousands of rules is told by fewer packets.
MOST_STEPS = 120_000
LEAST_PACKETS, MOST_PACKETS = 12, 300


@dataclass(frozen=True, slots=True)
class Comparison:
    """What changes.

    Args:
        lines: The text, line by line.
        new_findings: What is odd about it and was not before.
        gone_findings: What was odd and is no more.
        fates: Packets whose fate changes.
        packets: How many conversations were tried.
        lines_left_out: How many lines of the text are not shown.
        fates_left_out: How many fates are not shown.
    """

    lines: tuple[DiffLine, ...]
    new_findings: tuple[Finding, ...]
    gone_findings: tuple[Finding, ...]
    fates: tuple[ChangedFate, ...]
    packets: int
    lines_left_out: int = 0
    fates_left_out: int = 0

    @property
    def first_fates(self) -> tuple[ChangedFate, ...]:
        """The most telling ones."""
        return self.fates[:FIRST_FATES]

    @property
    def more_fates(self) -> tuple[ChangedFate, ...]:
        """Those after them."""
        return self.fates[FIRST_FATES:]

    @property
    def has_text(self) -> bool:
        """Whether any line differs."""
        return any(line.mark in {"new", "gone"} for line in self.lines)


def comparison(
    before: Firewall,
    after: Firewall,
    world: World,
    *,
    found_before: Iterable[Finding] = (),
    found_after: Iterable[Finding] = (),
) -> Comparison:
    """Compare two firewalls.

    Args:
        before: What decides now.
        after: What is to decide.
        world: The host.
        found_before: What the lint says of the one.
        found_after: What it says of the other.
    """
    lines = compare_texts(firewall_text(before), firewall_text(after))
    packets = telling_packets(before, after, world, most=_how_many(before, after))
    fates = changed_fates(before, after, world, packets) if before != after else ()
    old, new = tuple(found_before), tuple(found_after)
    return Comparison(
        lines=tuple(lines[:MOST_LINES]),
        new_findings=_only_in(new, old),
        gone_findings=_only_in(old, new),
        fates=fates[:MOST_FATES],
        packets=len(packets),
        lines_left_out=max(0, len(lines) - MOST_LINES),
        fates_left_out=max(0, len(fates) - MOST_FATES),
    )


def _how_many(before: Firewall, after: Firewall) -> int:
    rules = len(before.rules) + len(after.rules) or 1
    return max(LEAST_PACKETS, min(MOST_PACKETS, MOST_STEPS // (2 * rules)))


def _only_in(some: Sequence[Finding], others: Sequence[Finding]) -> tuple[Finding, ...]:
    known = {(finding.code, finding.what) for finding in others}
    return tuple(finding for finding in some if (finding.code, finding.what) not in known)


def firewall_text(firewall: Firewall) -> str:
    """Return a firewall as text: one_pass, NAT instances, tables, and one rule a line."""
    lines = [f"one_pass {'on' if firewall.one_pass else 'off'}"]
    lines += [nat_text(one) for one in firewall.nat]
    for table in firewall.tables:
        lines += [f"table {table.name} {key} {value}" for key, value in table.entries]
        lines += [] if table.entries else [f"table {table.name} (empty)"]
    lines += [rule_text(rule) for rule in firewall.rules]
    return "".join(f"{line}\n" for line in lines)
