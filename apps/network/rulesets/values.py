"""A host's own values for rule sets: what the panel proposes from what it saw, and how they are kept."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import partial
from ipaddress import IPv4Interface, IPv4Network, ip_interface

from django.db import transaction
from django.db.models import Q

from apps.accounts.actor import Actor
from apps.accounts.permissions import Perm
from apps.audit.services import Subject, record
from apps.hosts.models import Host
from apps.jobs.events import publish
from apps.network.models import AddressPool, HostFirewall


@dataclass(frozen=True, slots=True)
class Values:
    """A host's own values.

    Args:
        outside: The interface towards the world.
        public_addresses: Addresses under which the world reaches the host.
        jail_networks: Networks of jails that are hidden behind NAT.
        panel_address: Where the panel's own connection comes from, as the host sees it; or empty.
        panel_port: Where it goes to.
    """

    outside: str
    public_addresses: tuple[str, ...]
    jail_networks: tuple[str, ...]
    panel_address: str
    panel_port: int | None


def interfaces_of(host: Host) -> dict[str, list[str]]:
    """Return a host's interfaces with their addresses (`192.0.2.1/24`), as it was last seen."""
    seen = host.facts.get("interfaces") or []
    return {entry["name"]: list(entry.get("addresses") or []) for entry in seen}


def values_of(host: Host) -> Values | None:
    """Return what was chosen for a host; None where nothing was yet."""
    row = HostFirewall.objects.filter(host=host).first()
    if row is None or not (row.outside or row.public_addresses or row.jail_networks):
        return None
    return _values(row)


def _values(row: HostFirewall) -> Values:
    networks, addresses = tuple(row.jail_networks), tuple(row.public_addresses)
    return Values(row.outside, addresses, networks, row.panel_address, row.panel_port)


def proposal(host: Host) -> Values:
    """Return what a host's values could be: as chosen, and where nothing is, from what was seen of it."""
    row = HostFirewall.objects.filter(host=host).first() or HostFirewall()
    seen = interfaces_of(host)
    outside = row.outside or _outside(seen)
    public = tuple(row.public_addresses) or tuple(str(one.ip) for one in _ipv4(seen.get(outside, ())))
    networks = tuple(row.jail_networks) or jail_networks(host)
    return Values(outside, public, networks, row.panel_address, row.panel_port or host.port or None)


def _outside(seen: dict[str, list[str]]) -> str:
    """Choose the interface with an address of the world; else the first that is no loopback."""
    outer = {name: _ipv4(texts) for name, texts in seen.items() if not name.startswith("lo")}
    world = (name for name, found in outer.items() if any(one.ip.is_global for one in found))
    return next(world, next((name for name, found in outer.items() if found), ""))


def jail_networks(host: Host) -> tuple[str, ...]:
    """Return the private networks of a host's jails: of its pools, else of what stands on its loopbacks."""
    whose = Q(host=host) | Q(host=None, group=None)
    whose = whose | Q(group=host.group_id) if host.group_id else whose
    pools = AddressPool.objects.filter(whose, is_private=True).order_by("first_key")
    found = [network for network in pools.values_list("network", flat=True) if ":" not in network]
    if found:
        return tuple(found)
    loops = (
        one for name, texts in interfaces_of(host).items() if name.startswith("lo") for one in _ipv4(texts)
    )
    networks = {_whole(one) for one in loops if not one.ip.is_loopback}
    return tuple(str(network) for network in sorted(networks))


def _whole(one: IPv4Interface) -> IPv4Network:
    """Return an address's network; one that stands alone (/32) counts as one of a /24."""
    return one.network if one.network.prefixlen < 32 else one.network.supernet(new_prefix=24)


def _ipv4(texts: list[str] | tuple[()]) -> list[IPv4Interface]:
    return [one for one in map(ip_interface, texts) if isinstance(one, IPv4Interface)]


def values_set(*, actor: Actor, host: Host, values: Values) -> None:
    """Keep a host's values. Rule sets that use them say something else from now on.

    Raises:
        NotAllowed: The actor may not, on this host.
    """
    actor.require(Perm.FIREWALL_CHANGE, host.pk)
    fields = asdict(values)
    fields |= {"public_addresses": [*values.public_addresses], "jail_networks": [*values.jail_networks]}
    with transaction.atomic():
        row = HostFirewall.objects.select_for_update().filter(host=host).first()
        before = asdict(_values(row)) if row else None
        if row is None:
            HostFirewall.objects.create(host=host, **fields)
        else:
            HostFirewall.objects.filter(pk=row.pk).update(**fields)
        subject = Subject("host", str(host.pk), host.name, host_id=host.pk)
        record(actor=actor, action="host.firewall_values_set", subject=subject, before=before, after=fields)
        transaction.on_commit(partial(publish, "rules", str(host.pk)))
