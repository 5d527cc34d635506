"""A host as the tracer sees it: its interfaces, addresses and jails, as they were last seen."""

from __future__ import annotations

from ipaddress import ip_interface

from apps.freebsd.firewall.packet import Interface, JailPlace, World
from apps.hosts.models import Host
from apps.network.models import HostFirewall, SeenAddress
from apps.network.rulesets.values import interfaces_of, proposal


def world_of(host: Host) -> World:
    """Return the surroundings of a host's firewall."""
    seen = interfaces_of(host)
    interfaces = tuple(Interface(name, tuple(map(_plain, texts))) for name, texts in seen.items())
    row = HostFirewall.objects.filter(host=host).only("outside", "panel_address", "panel_port").first()
    outside = (row.outside if row else "") or proposal(host).outside
    is_router = str(host.facts.get("forwarding", "")) in {"1", "True"}
    return World(
        interfaces=interfaces,
        jails=_jails(host),
        outside=outside,
        is_router=is_router,
        panel=row.panel_address if row else "",
        ssh_port=(row.panel_port if row else None) or host.port or 22,
    )


def _plain(text: str) -> str:
    """Return an address and its prefix without the zone that FreeBSD writes behind some."""
    address, _, prefix = text.partition("/")
    return str(ip_interface(f"{address.partition('%')[0]}/{prefix}" if prefix else address.partition("%")[0]))


def _jails(host: Host) -> tuple[JailPlace, ...]:
    rows = SeenAddress.objects.filter(host=host).exclude(jail="").order_by("jail", "key")
    found: dict[str, list[str]] = {}
    for jail, address in rows.values_list("jail", "address"):
        found.setdefault(jail, []).append(address.partition("%")[0])
    return tuple(JailPlace(name, tuple(dict.fromkeys(texts))) for name, texts in found.items())
