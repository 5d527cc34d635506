"""Template tags of rule sets: `{% load rules %}`."""

from __future__ import annotations

from collections.abc import Sequence

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.freebsd.firewall.compare import ChangedFate
from apps.hosts.models import Host
from apps.network.models import RuleSet
from apps.network.rulesets.queries import hosts_of
from apps.network.tracing.spelling import query_of, spell

register = template.Library()


@register.simple_tag(takes_context=True)
def rule_set_hosts(context: template.Context, rule_set: RuleSet) -> list[Host]:
    """Return the hosts of a rule set that the reader sees."""
    return hosts_of(rule_set, context["request"].actor)


@register.simple_tag
def hosts_state(hosts: Sequence[Host]) -> SafeString:
    """Say on how many hosts the rules are not as this set wants them."""
    if not hosts:
        return format_html('<span class="text-secondary">{}</span>', "no host")
    firewalls = [getattr(host, "firewall", None) for host in hosts]
    differ = sum(bool(row and row.differs_since) for row in firewalls)
    unseen = sum(not (row and row.observed) for row in firewalls)
    if differ:
        words = "differs" if len(hosts) == 1 else f"{differ} of {len(hosts)} hosts differ"
        return format_html('<span class="state state-orange"><span>{}</span></span>', words)
    if unseen:
        words = "no rules seen yet" if len(hosts) == 1 else f"no rules seen yet on {unseen} of {len(hosts)}"
        return format_html('<span class="text-secondary">{}</span>', words)
    return format_html('<span class="state state-green"><span>{}</span></span>', "as wanted")


@register.filter
def trace_query(fate: ChangedFate) -> str:
    """Return the query string of the tracer's page for a conversation, live and wanted beside each other."""
    packets = fate.conversation[: fate.place + 1]
    return query_of([spell(packet) for packet in packets], "both")
