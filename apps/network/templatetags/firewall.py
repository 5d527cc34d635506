"""Template tags of hosts' firewalls: `{% load firewall %}`."""

from __future__ import annotations

from django import template
from django.http import HttpRequest

from apps.accounts.permissions import Perm
from apps.hosts.models import Host
from apps.hosts.queries import host_list

register = template.Library()


@register.simple_tag(takes_context=True)
def firewalls_that_drift(context: template.Context) -> list[Host]:
    """Return the hosts that have other rules than the panel put there, of those that the reader sees."""
    request: HttpRequest = context["request"]
    hosts = host_list(request.actor, Perm.NETWORK_VIEW)  # type: ignore[attr-defined]
    drifting = hosts.filter(firewall__differs_since__isnull=False).select_related("firewall")
    return list(drifting.only("name", "firewall__differs_since", "firewall__host"))
