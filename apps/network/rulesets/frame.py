"""What all pages of one rule set have in common."""

from __future__ import annotations

from typing import Any

from django.http import QueryDict
from django.urls import reverse

from apps.accounts.middleware import PanelRequest
from apps.accounts.permissions import Perm, denial
from apps.hosts.models import Host
from apps.network.models import RuleSet
from apps.network.rulesets import queries

_PAGES = (
    ("Rules", "network:rules-detail"),
    ("Generated part", "network:rules-choices"),
    ("Written rules", "network:rules-written"),
    ("Tables", "network:rules-tables"),
    ("How the layouts differ", "network:rules-layouts"),
)


def frame(request: PanelRequest, rule_set: RuleSet) -> dict[str, Any]:
    """Return the context of heading, tabs and buttons."""
    may = queries.may_on(request.actor, rule_set.host, rule_set.group, Perm.FIREWALL_CHANGE)
    hosts = queries.hosts_of(rule_set, request.actor)
    pages = [(label, name, reverse(name, args=[rule_set.pk])) for label, name in _PAGES]
    here = request.resolver_match.view_name if request.resolver_match else ""
    return {
        "rule_set": rule_set,
        "hosts": hosts,
        "host": chosen_host(request.GET, hosts),
        "pages": pages,
        "here": here,
        "may_change": may,
        "why_not": "" if may else denial(Perm.FIREWALL_CHANGE),
    }


def chosen_host(query: QueryDict, hosts: list[Host]) -> Host | None:
    """Return the host whose values a page shows: the one in the address, else the first."""
    wanted = query.get("host", "")
    return next((host for host in hosts if str(host.pk) == wanted), hosts[0] if hosts else None)
