"""A host with jails and its values, and a rule set for it."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from apps.hosts.models import Host
from apps.network.models import HostFirewall, Layout, NatInstance, RuleSet, SeenAddress, address_key
from tests.places import FACTS

INTERFACES = [
    {"name": "re0", "addresses": ["203.0.113.10/24"]},
    {"name": "lo0", "addresses": ["127.0.0.1/8", "::1/128"]},
    {"name": "lo1", "addresses": ["10.0.0.2/32", "10.0.0.3/32"]},
]


def furnish(host: Host) -> HostFirewall:
    """Give a host interfaces, jails at addresses, values and a NAT instance."""
    host.facts = FACTS | {"interfaces": INTERFACES}
    host.save(update_fields=["facts"])
    for jail, address in (("www", "10.0.0.2"), ("db", "10.0.0.3")):
        SeenAddress.objects.create(
            host=host, jail=jail, address=address, key=address_key(address), interface="lo1", prefix=32,
            seen_at=timezone.now(),
        )  # fmt: skip
    NatInstance.objects.create(host=host, number=123, address="203.0.113.10", options=["same_ports"])
    return HostFirewall.objects.create(
        host=host, outside="re0", public_addresses=["203.0.113.10"], jail_networks=["10.0.0.0/24"],
        panel_address="198.51.100.200", panel_port=22,
    )  # fmt: skip


def make_rule_set(host: Host, **values: Any) -> RuleSet:
    fields: dict[str, Any] = {"name": f"rules of {host.name}", "layout": Layout.RECOMMENDED}
    return RuleSet.objects.create(host=host, **(fields | values))
