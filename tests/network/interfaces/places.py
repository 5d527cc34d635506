"""A host whose rc.conf was read, with jails in a subnet in which it has no address."""

from __future__ import annotations

from ipaddress import ip_interface
from typing import Any

from apps.freebsd.commands import host_setup
from apps.hosts.models import Host
from apps.jobs.plan import Plan
from apps.network.interfaces.plans import KIND
from tests.network.pools.places import see
from tests.places import FACTS

ADD = {"interface": "lo0", "address": "10.0.9.1/24"}


def rc(**values: str) -> dict[str, Any]:
    return {"setup": {"rc": {"values": values, "unclear": []}}}


def furnish(host: Host, jails: int = 1) -> None:
    """Let a host have been seen: one address of its own on re0, jails on lo0."""
    interfaces = [
        {"name": "re0", "addresses": ["192.0.2.1/24"]},
        {"name": "lo0", "addresses": ["127.0.0.1/8", *(f"10.0.9.{n + 2}/24" for n in range(jails))]},
        {"name": "re0.10", "addresses": []},
    ]
    host.facts = FACTS | {"interfaces": interfaces} | rc(ifconfig_re0="inet 192.0.2.1/24")
    host.save()
    see(host, "192.0.2.1", interface="re0")
    see(host, "127.0.0.1", interface="lo0", prefix=8)
    for number in range(jails):
        see(host, f"10.0.9.{number + 2}", f"jail{number}", interface="lo0")


def plan() -> Plan:
    """Return what adding ADD runs."""
    address = ip_interface(ADD["address"])
    steps = (host_setup.add_address("lo0", address), host_setup.keep_address("ifconfig_lo0_alias0", address))
    checks = ("lo0 has 10.0.9.1", "rc.conf gives lo0 10.0.9.1 at boot")
    return Plan(KIND, "Add 10.0.9.1/24 to lo0", steps, checks)
