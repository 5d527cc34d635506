"""What a new rule set begins with."""

from __future__ import annotations

from dataclasses import replace

from apps.freebsd.errors import InvalidInput
from apps.freebsd.firewall.model import HIGHEST_SET, Firewall
from apps.freebsd.firewall.printing import rule_text
from apps.hosts.models import Host
from apps.network.models import Layout
from apps.network.rulesets.seen import seen_firewall
from apps.network.rulesets.services import Content


def first_content(begins: str, host: Host | None) -> Content:
    """Return what a new rule set says.

    Args:
        begins: A layout; anything else stands for what is on the host now.
        host: The host whose rules are taken over.

    Raises:
        InvalidInput: No rules were seen on the host.
    """
    if begins in set(Layout.values):
        return Content(layout=begins)
    firewall = seen_firewall(host) if host else None
    if firewall is None:
        raise InvalidInput("The panel has not seen any rules on this host yet.", field="begins")
    return Content(layout=Layout.WRITTEN, written=written_of(firewall))


def written_of(firewall: Firewall) -> str:
    """Return the rules of a firewall that are in force, as written ones: one a line, without their sets."""
    rules = [rule for rule in firewall.rules if rule.set_number not in firewall.disabled_sets]
    # Set 31 survives everything: whoever put rules there keeps them there.
    mine = [replace(rule, set_number=0) for rule in rules if rule.set_number != HIGHEST_SET]
    return "".join(f"{rule_text(rule)}\n" for rule in mine)
