"""What a packet is traced against: the rules that are live on a host, those that are wanted, or both."""

from __future__ import annotations

from dataclasses import dataclass

from apps.freebsd.errors import InvalidInput
from apps.freebsd.firewall.model import Firewall
from apps.hosts.models import Host
from apps.network.compiling import compiled
from apps.network.rulesets.queries import rule_set_of
from apps.network.rulesets.seen import seen_firewall

LIVE, WANTED, BOTH = "live", "wanted", "both"


@dataclass(frozen=True, slots=True)
class Side:
    """One set of rules.

    Args:
        key: live or wanted.
        title: What it is.
        firewall: The rules; None when there are none.
        why_not: Why there are none; or empty.
    """

    key: str
    title: str
    firewall: Firewall | None
    why_not: str = ""


def live_side(host: Host) -> Side:
    """Return what was last seen on a host."""
    firewall = seen_firewall(host)
    why = (
        ""
        if firewall
        else f"The panel has not seen a firewall on {host.name}: without one, every packet passes."
    )
    return Side(LIVE, "Live on the host", firewall, why)


def wanted_side(host: Host) -> Side:
    """Return what a host's rule set is compiled to."""
    rule_set = rule_set_of(host)
    if rule_set is None:
        return Side(WANTED, "Wanted", None, f"{host.name} has no rule set.")
    try:
        return Side(WANTED, f"Wanted: {rule_set.name}", compiled(rule_set, host).firewall)
    except InvalidInput as error:
        return Side(WANTED, f"Wanted: {rule_set.name}", None, error.message)


def sides(host: Host, against: str) -> list[Side]:
    """Return what a page traces against: one side, or both.

    Args:
        host: The host.
        against: live, wanted or both; anything else stands for what there is.
    """
    made = {LIVE: live_side, WANTED: wanted_side}
    if against in made:
        return [made[against](host)]
    both = [make(host) for make in made.values()]
    there = [side for side in both if side.firewall]
    return both if against == BOTH else there or both
