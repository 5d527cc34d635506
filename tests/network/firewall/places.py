"""Firewalls as a probe would have stored them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import uuid4

from django.utils import timezone

from apps.freebsd.firewall.codec import to_json
from apps.freebsd.firewall.model import Firewall
from apps.freebsd.firewall.nat_config import parse_nat
from apps.freebsd.firewall.parse import parse_rule
from apps.hosts.models import Host
from apps.network.models import AppliedFirewall, HostFirewall

PANEL = "192.0.2.250"


def firewall(*rules: str, nat: Iterable[str] = (), **values: Any) -> Firewall:
    """Make a firewall of rules as ipfw prints them."""
    return Firewall(
        rules=tuple(parse_rule(text) for text in rules), nat=tuple(parse_nat(text) for text in nat), **values
    )


def observed(seen: Firewall, **values: Any) -> dict[str, Any]:
    """Return what a probe that saw this would have stored."""
    counters = [[number, number * 60, 1795487192 if number else None] for number in range(len(seen.rules))]
    return {
        "firewall": to_json(seen),
        "counters": counters,
        "default": [7, 420, None],
        "has_nat": True,
        "is_enabled": True,
        "boot": None,
        "files": [],
        **values,
    }


def see(host: Host, seen: Firewall | None, **values: Any) -> HostFirewall:
    """Have a firewall been seen on a host; None where ipfw is not loaded."""
    defaults: dict[str, Any] = {
        "observed": observed(seen, **values) if seen else None,
        "observed_at": timezone.now(),
        "panel_address": PANEL,
        "panel_port": 22,
    }
    row, _ = HostFirewall.objects.update_or_create(host=host, defaults=defaults)
    return row


def applied(host: Host, was: Firewall, state: str = "kept", **values: Any) -> AppliedFirewall:
    """Have a firewall been applied to a host."""
    content = {"firewall": to_json(was)}
    return AppliedFirewall.objects.create(
        host=host, job_id=uuid4(), content=content, state=state, actor_name="ada", **values
    )
