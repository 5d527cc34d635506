"""Which way packets take on a simulated host: its addresses, its interfaces, where what goes out leaves.

Source: reference ipfw.md §6.1, §6.4.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from apps.simulator.network import Interface

LOOPBACK = "lo0"


@dataclass(frozen=True, slots=True)
class Roads:
    """The host's interfaces, as far as packets ask.

    Attributes:
        addresses: those of each interface, without prefix.
        own: all of them.
        nets: connected networks and their interface, the widest prefix first.
        default: the interface behind which everything else is; empty when there is none.
        forwards: what comes in for others is sent on (net.inet.ip.forwarding).
    """

    addresses: Mapping[str, tuple[str, ...]]
    own: frozenset[str]
    nets: tuple[tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, str], ...]
    default: str
    forwards: bool = False

    def connected_to(self, address: str) -> str:
        """Give the interface whose network an address is in; empty without one."""
        ip = ipaddress.ip_address(address)
        return next((name for net, name in self.nets if ip.version == net.version and ip in net), "")

    def way_to(self, address: str) -> str:
        """Give the interface by which a packet to an address leaves; what stays here goes over lo0."""
        return LOOPBACK if address in self.own else self.connected_to(address) or self.default

    def first4(self, name: str) -> str:
        """Give an interface's first IPv4 address; empty without one."""
        return next((address for address in self.addresses.get(name, ()) if ":" not in address), "")


def roads_of(interfaces: Iterable[Interface], *, forwards: bool = False) -> Roads:
    """Read the ways off a host's interfaces; the first one that is no loopback leads to everyone else.

    Args:
        interfaces: in the order of ifconfig.
        forwards: packets for others are sent on.
    """
    up = list(interfaces)
    parsed = {item.name: [ipaddress.ip_interface(text) for text in item.addresses] for item in up}
    addresses = {name: tuple(str(found.ip) for found in given) for name, given in parsed.items()}
    nets = [(found.network, name) for name, given in parsed.items() for found in given]
    nets.sort(key=lambda item: -item[0].prefixlen)
    default = next((item.name for item in up if not item.loopback and item.addresses), "")
    own = frozenset(address for given in addresses.values() for address in given)
    return Roads(addresses, own, tuple(nets), default, forwards)
