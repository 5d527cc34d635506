"""What was last seen of a host's firewall, kept as JSON, and where the panel comes from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.utils import timezone

from apps.freebsd.errors import ParseError
from apps.freebsd.firewall.codec import from_json, to_json
from apps.freebsd.firewall.model import Firewall, Rule
from apps.freebsd.parsers.facts import HostFacts
from apps.freebsd.parsers.firewall import FirewallFacts
from apps.hosts.models import Host
from apps.network.firewall.drift import differences, in_force
from apps.network.models import HostFirewall

# What a look at the counters alone changes.
_RESTLESS = ("counters", "default")


@dataclass(frozen=True, slots=True)
class LiveRule:
    """A rule as it is on a host, with its counters.

    Args:
        rule: The rule.
        packets: How many it has met.
        bytes: How many bytes these had.
        matched_at: When it last did; None for never.
        is_disabled: Whether its set is off.
    """

    rule: Rule
    packets: int
    bytes: int
    matched_at: datetime | None
    is_disabled: bool


@dataclass(frozen=True, slots=True)
class Live:
    """A host's firewall as it was last seen.

    Args:
        firewall: All of it, disabled sets and set 31 too.
        rules: Its rules with their counters, without the default rule.
        default: The default rule's counters: packets and bytes.
        has_nat: Whether NAT is loaded.
        is_enabled: Whether packets are looked at at all.
        boot_text: What the panel's file for the next boot holds; None when there is none.
        files: The panel's files for ipfw that lie on the host.
    """

    firewall: Firewall
    rules: tuple[LiveRule, ...]
    default: tuple[int, int]
    has_nat: bool
    is_enabled: bool
    boot_text: str | None
    files: tuple[str, ...]


def observe(host: Host, facts: HostFacts) -> bool:
    """Store what a whole probe says of the firewall; what could not be read leaves what was seen before.

    Returns:
        Whether anything that people see, other than counters, has changed.
    """
    row, _ = HostFirewall.objects.get_or_create(host=host)
    if facts.has_ipfw and facts.firewall is None:
        return False
    seen = observed_json(facts.firewall) if facts.firewall else None
    values: dict[str, Any] = {"observed": seen, "observed_at": host.seen_at or timezone.now()}
    values["differs_since"] = differs_since(row, facts.firewall)
    if facts.client and not row.panel_address:
        values |= {"panel_address": facts.client.address, "panel_port": facts.client.port}
    HostFirewall.objects.filter(pk=row.pk).update(**values)
    return _lasting(row.observed) != _lasting(seen) or bool(row.differs_since) != bool(
        values["differs_since"]
    )


def differs_since(row: HostFirewall, facts: FirewallFacts | None) -> datetime | None:
    """Return since when the host has other rules than the panel put there; None when it has the same."""
    if not row.kept:
        return None
    live = facts.firewall if facts else Firewall()
    if not differences(in_force(kept_firewall(row)), in_force(live)):
        return None
    return row.differs_since or timezone.now()


def kept_firewall(row: HostFirewall) -> Firewall:
    """Return what the panel last put on a host and kept; an empty one when it never did.

    Raises:
        ParseError: What is stored is not understood.
    """
    return from_json(row.kept["firewall"]) if row.kept else Firewall()


def observed_json(facts: FirewallFacts) -> dict[str, Any]:
    """Return what a probe said, as HostFirewall.observed holds it."""
    counters = [[line.packets, line.bytes, line.matched_at] for line in facts.seen]
    return {
        "firewall": to_json(facts.firewall),
        "counters": counters[:-1],
        "default": counters[-1],
        "has_nat": facts.has_nat,
        "is_enabled": facts.is_enabled,
        "boot": facts.boot_text,
        "files": list(facts.files),
    }


def live_of(row: HostFirewall | None) -> Live | None:
    """Return what was last seen; None when the host was not looked at yet, or has no ipfw.

    Raises:
        ParseError: What is stored is not understood.
    """
    data = row.observed if row else None
    if not data:
        return None
    try:
        return _live(data)
    except (KeyError, TypeError, ValueError) as error:
        raise ParseError("What was stored of the host's firewall is not understood.") from error


def _live(data: dict[str, Any]) -> Live:
    firewall = from_json(data["firewall"])
    off = firewall.disabled_sets
    lines = zip(firewall.rules, data["counters"], strict=True)
    return Live(
        firewall=firewall,
        rules=tuple(
            _live_rule(rule, counters, is_disabled=rule.set_number in off) for rule, counters in lines
        ),
        default=(int(data["default"][0]), int(data["default"][1])),
        has_nat=bool(data["has_nat"]),
        is_enabled=bool(data["is_enabled"]),
        boot_text=data["boot"],
        files=tuple(data["files"]),
    )


def _live_rule(rule: Rule, counters: list[int | None], *, is_disabled: bool) -> LiveRule:
    packets, size, at = counters
    matched_at = datetime.fromtimestamp(at, UTC) if at else None
    return LiveRule(rule, packets or 0, size or 0, matched_at, is_disabled)


def _lasting(data: dict[str, Any] | None) -> dict[str, Any] | None:
    return {key: value for key, value in data.items() if key not in _RESTLESS} if data else data
