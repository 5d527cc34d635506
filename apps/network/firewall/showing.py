"""The page of a host's firewall: what is there, how it stands to what is wanted, and what can be done."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from apps.accounts.actor import Actor
from apps.accounts.permissions import Perm, denial
from apps.freebsd.commands.guarded import SETS
from apps.freebsd.errors import ParseError
from apps.freebsd.firewall.model import DEFAULT_RULE, HIGHEST_SET, Firewall
from apps.freebsd.firewall.nat_config import nat_text
from apps.freebsd.firewall.printing import rule_text
from apps.hosts.models import Host
from apps.jobs.file_diff import DiffLine, compare_texts
from apps.network.firewall.drift import BY_HAND, Differences, differences, in_force
from apps.network.firewall.observed import Live, LiveRule, kept_firewall, live_of
from apps.network.firewall.plans import BOOT, KIND, boot_text
from apps.network.firewall.services import UNREAD, ground_of
from apps.network.firewall.wanted import Wanted, wanted_on
from apps.network.models import AppliedFirewall, HostFirewall
from apps.network.queueing import why_not_now
from apps.network.rulesets.comparing import firewall_text

MOST_LINES = 400
MOST_APPLIED = 20


@dataclass(frozen=True, slots=True)
class RuleLine:
    """A rule as the page lists it.

    Args:
        number: Five digits.
        set_number: Its set.
        text: In ipfw's words, without number and set.
        packets: How many it has met.
        bytes: How many bytes these had.
        matched_at: When it last did; None for never.
        note: What is special about it: off, typed by hand; or empty.
    """

    number: str
    set_number: int
    text: str
    packets: int
    bytes: int
    matched_at: datetime | None
    note: str

    @property
    def is_unused(self) -> bool:
        """Whether nothing has matched it since its counters began."""
        return self.packets == 0


@dataclass(frozen=True, slots=True)
class State:
    """How a host's firewall stands to what is wanted.

    Args:
        row: What is stored of it; None before the first look.
        live: As it was last seen; None when ipfw is not loaded.
        wanted: What it is to be; None when no rule set is for the host.
        by_hand: In what it differs from what the panel last put there; None when the panel never did.
        ahead: In what it differs from what is wanted; None where one of them is lacking.
        lines: The same, line by line, from what is there to what is wanted.
        is_kept: Whether the host loads the same at its next boot.
        trouble: Why what was seen cannot be shown; or empty.
    """

    row: HostFirewall | None
    live: Live | None = None
    wanted: Wanted | None = None
    by_hand: Differences | None = None
    ahead: Differences | None = None
    lines: tuple[DiffLine, ...] = ()
    is_kept: bool = False
    trouble: str = ""

    @property
    def lines_left_out(self) -> int:
        """How many lines of the comparison are not shown."""
        return max(0, len(self.lines) - MOST_LINES)

    @property
    def was_applied(self) -> bool:
        """Whether the panel ever put a firewall there that stayed."""
        return self.row is not None and self.row.kept is not None


def state_of(host: Host) -> State:
    """Return how a host's firewall stands."""
    row = HostFirewall.objects.filter(host=host).first()
    try:
        live = live_of(row)
        kept = kept_firewall(row) if row and row.kept else None
    except ParseError:
        return State(row, trouble=UNREAD)
    wanted = wanted_on(host, live.firewall if live else None)
    there = in_force(live.firewall) if live else Firewall()
    ahead = differences(wanted.firewall, there) if wanted and live else None
    return State(
        row,
        live,
        wanted,
        by_hand=differences(in_force(kept), there) if kept else None,
        ahead=ahead,
        lines=_lines(there, wanted.firewall) if wanted and ahead else (),
        is_kept=is_kept(host, live, kept),
    )


def _lines(there: Firewall, wanted: Firewall) -> tuple[DiffLine, ...]:
    return tuple(compare_texts(firewall_text(shared(there, wanted)), firewall_text(wanted)))


def shared(there: Firewall, wanted: Firewall) -> Firewall:
    """Leave out tables that only the host has: they are not the panel's to change."""
    names = {table.name for table in wanted.tables}
    return replace(there, tables=tuple(table for table in there.tables if table.name in names))


def is_kept(host: Host, live: Live | None, kept: Firewall | None) -> bool:
    """Whether the host loads at its next boot what the panel last put there."""
    number = kept.rules[0].set_number if kept and kept.rules else None
    if live is None or kept is None or number not in SETS:
        return False
    rc = ground_of(host, None).rc
    is_named = all(rc.get(name) == value for name, value in BOOT.items())
    return is_named and live.boot_text == boot_text(kept, number)


def rule_lines(live: Live, *, was_applied: bool) -> list[RuleLine]:
    """Return the rules as the page lists them, the default rule at the end."""
    lines = [_line(one, was_applied=was_applied) for one in live.rules]
    text = f"{'allow' if live.firewall.default_allows else 'deny'} ip from any to any"
    note = "the host's own last rule"
    return [*lines, RuleLine(str(DEFAULT_RULE), HIGHEST_SET, text, *live.default, None, note)]


def _line(one: LiveRule, *, was_applied: bool) -> RuleLine:
    note = ""
    if one.is_disabled:
        note = "its set is off"
    elif one.rule.set_number == HIGHEST_SET:
        note = "stays whatever is applied"
    elif one.rule.set_number == BY_HAND and was_applied:
        note = "typed by hand"
    number, _, text = rule_text(one.rule).partition(" ")
    return RuleLine(number, one.rule.set_number, text, one.packets, one.bytes, one.matched_at, note)


def nat_lines(live: Live) -> list[str]:
    """Return the NAT instances as ipfw prints them."""
    return [nat_text(nat) for nat in live.firewall.nat]


def applied_list(host: Host) -> list[AppliedFirewall]:
    """Return what was applied to a host, the newest first."""
    return list(AppliedFirewall.objects.filter(host=host).defer("content")[:MOST_APPLIED])


def why_not(actor: Actor, host: Host, state: State) -> str:
    """Return why nothing can be applied at the moment; empty when it can."""
    if not actor.may(Perm.FIREWALL_APPLY, host.pk):
        return denial(Perm.FIREWALL_APPLY)
    if state.trouble:
        return state.trouble
    if state.wanted is None:
        return "No rule set is for this host yet."
    return why_not_now(host, KIND)
