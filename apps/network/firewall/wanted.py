"""What a host's firewall is to be: what its rule set comes to, fitted to the host's default rule."""

from __future__ import annotations

from dataclasses import dataclass, replace

from apps.freebsd.firewall.lint_order import CLOSING
from apps.freebsd.firewall.model import HIGHEST_NUMBER, Firewall
from apps.hosts.models import Host
from apps.network.compiling import Compiled, compiled
from apps.network.models import RuleSet
from apps.network.rulesets.queries import rule_set_of


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a rule set comes to on a host.

    Args:
        rule_set: Which one.
        compiled: What it comes to.
        firewall: The same, fitted to the host.
    """

    rule_set: RuleSet
    compiled: Compiled
    firewall: Firewall


def wanted_on(host: Host, live: Firewall | None) -> Wanted | None:
    """Return what a host is to have; None when no rule set is for it.

    Args:
        host: Which host.
        live: Its firewall as it was last seen; None when ipfw is not loaded.
    """
    rule_set = rule_set_of(host)
    if rule_set is None:
        return None
    made = compiled(rule_set, host)
    return Wanted(rule_set, made, fitted(made.firewall, live))


def fitted(wanted: Firewall, live: Firewall | None) -> Firewall:
    """Add a last rule that denies, where the host's own last rule allows and should not.

    That is so from the moment when the panel loads ipfw, safely, until the next boot. The rule stays
    afterwards, when it changes nothing.
    """
    if wanted.default_allows or any(rule.number == HIGHEST_NUMBER for rule in wanted.rules):
        return wanted
    has_it = live is not None and any(replace(rule, set_number=0) == CLOSING for rule in live.rules)
    if live is None or live.default_allows or has_it:
        return replace(wanted, rules=(*wanted.rules, CLOSING))
    return wanted
