"""A host's own values for generated rules, read from what was chosen, wanted and seen."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Network, collapse_addresses, ip_address, ip_network

from apps.freebsd.errors import InvalidInput
from apps.freebsd.firewall.inputs import FirewallInputs
from apps.freebsd.firewall.model import NatInstance, Redirect
from apps.freebsd.firewall.nat_config import nat_text, parse_nat
from apps.freebsd.values import is_private
from apps.hosts.models import Host
from apps.network.choices import Choices
from apps.network.models import NatInstance as WantedNat
from apps.network.models import PortForward, SeenAddress
from apps.network.rulesets.values import interfaces_of, proposal


def inputs_of(host: Host) -> FirewallInputs:
    """Return a host's own values, in a constant number of queries; nothing of a rule set's choices.

    A jail's private address that no network holds is one of its own: jails are never forgotten.
    """
    values = proposal(host)
    of_jails = tuple(_of_jails(host))
    there = [_plain(text) for text in interfaces_of(host).get(values.outside, [])]
    nat = wanted_rows(host)
    return FirewallInputs(
        outside=values.outside,
        public=tuple(text for text in map(_plain, values.public_addresses) if text not in of_jails),
        own=tuple(text for text in there if text not in of_jails),
        jail_networks=with_lonely(values.jail_networks, of_jails),
        panel_address=_plain(values.panel_address),
        panel_port=values.panel_port or 22,
        nat=tuple(map(instance_of, nat)),
        nat_of=tuple((net, row.number) for row in nat for net in row.networks),
    )


def with_choices(inputs: FirewallInputs, choices: Choices) -> FirewallInputs:
    """Return a host's values with what a rule set chooses.

    Raises:
        InvalidInput: A choice cannot be.
    """
    return replace(
        inputs,
        outgoing=choices.outgoing,
        host_services=choices.host_services,
        is_icmp_wanted=choices.icmp,
        start=choices.start,
    )


def _of_jails(host: Host) -> list[str]:
    rows = SeenAddress.objects.filter(host=host).exclude(jail="").order_by("key")
    return [_plain(text) for text in rows.values_list("address", flat=True)]


def _plain(text: str) -> str:
    """Return an address without prefix length and scope."""
    return text.partition("/")[0].partition("%")[0]


def with_lonely(networks: tuple[str, ...], addresses: tuple[str, ...]) -> tuple[str, ...]:
    """Return networks, and those private IPv4 addresses that none of them holds, put together."""
    nets = [ip_network(text) for text in networks]
    found = [
        ip for ip in map(ip_address, addresses) if ip.version == 4 and is_private(ip) and not ip.is_loopback
    ]
    lonely = [IPv4Network(str(ip)) for ip in found if not any(ip in net for net in nets)]
    return (*networks, *map(str, collapse_addresses(lonely)))


def wanted_rows(host: Host) -> list[WantedNat]:
    """Return a host's NAT instances as they are wanted, with their forwards, by number."""
    return list(WantedNat.objects.filter(host=host).prefetch_related("forwards").order_by("number"))


def instance_of(row: WantedNat) -> NatInstance:
    """Return an instance as ipfw knows it."""
    redirects = frozenset(redirect_of(one) for one in row.forwards.all())
    return canonical(NatInstance(row.number, row.address, row.interface, frozenset(row.options), redirects))


def canonical(nat: NatInstance) -> NatInstance:
    """Return an instance as ipfw would give it back; itself where ipfw would refuse it."""
    try:
        return parse_nat(nat_text(nat))
    except InvalidInput:
        return nat


def redirect_of(row: PortForward) -> Redirect:
    """Return a forward as ipfw knows it."""
    places = row.local_address.split(",")
    if row.kind != "port":
        return Redirect(row.kind, tuple(places), row.public_address, row.proto, row.remote)
    local = tuple(f"{text}:{row.local_ports}" for text in places)
    public = f"{row.public_address}:{row.public_ports}" if row.public_address else row.public_ports
    return Redirect("port", local, public, row.proto, row.remote)
