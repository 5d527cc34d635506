"""What a new jail may be called and which addresses it may have, on the host as it was last seen.

Pure: everything that is known comes in as values. Form, service and (later) API and import ask
this one place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface

from apps.freebsd.values import InterfaceAddress, JailAddresses, JailName

IpAddress = IPv4Address | IPv6Address
IpInterface = IPv4Interface | IPv6Interface


def _no_reason(_ip: IpAddress) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class HostNetwork:
    """What is known of a host's names and addresses.

    Args:
        interfaces: Each interface with its addresses, jails' included.
        held: Which jail has an address, by address.
        names: The jails' names by safe name.
        why_not: Says why a jail cannot have an address, going by the pools; empty when it can.
    """

    interfaces: Mapping[str, tuple[IpInterface, ...]]
    held: Mapping[IpAddress, str]
    names: Mapping[str, str]
    why_not: Callable[[IpAddress], str] = _no_reason

    def own(self) -> dict[IpAddress, tuple[str, IpInterface]]:
        """Return the host's own addresses (those of no jail), each with its interface."""
        return {
            address.ip: (name, address)
            for name, addresses in self.interfaces.items()
            for address in addresses
            if address.ip not in self.held
        }


@dataclass(slots=True)
class Findings:
    """What is wrong (by field; address rows by their number) and what a person should know.

    Args:
        errors: (field, sentence); fields are `name`, `address-<row>`, `interface-<row>`, `public_first`.
        warnings: Sentences that do not keep anyone from going on.
    """

    errors: list[tuple[str, str]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def check_name(name: JailName, network: HostNetwork) -> list[tuple[str, str]]:
    """Return what is wrong with a new jail's name on this host."""
    other = network.names.get(name.safe_name)
    if other is None:
        return []
    if other == name.hostname:
        return [("name", f"There is a jail called {other} on this host already.")]
    folded = (
        f"ezjail would take {name} for the jail {other}: it turns everything but letters and digits "
        f"into _, and both become {name.safe_name}."
    )
    return [("name", folded)]


def check_addresses(addresses: Iterable[tuple[int, InterfaceAddress]], network: HostNetwork) -> Findings:
    """Check the rows of a new jail's addresses one by one against the host."""
    findings = Findings()
    rows = list(addresses)
    own = network.own()
    taken = {*network.held, *own, *(item.ip for _, item in rows)}
    for row, item in rows:
        findings.errors += _interface_errors(row, item, network)
        findings.errors += _address_errors(row, item, network, own)
        findings.warnings += _subnet_warnings(item, own, taken)
    return findings


PUBLIC_FIRST = (
    "The first address is public. Inside a jail 127.0.0.1 means its first address, so whatever listens "
    "on “localhost” in there would be open to the world. Put a private loopback address first."
)


def check_order(addresses: JailAddresses, override_reason: str) -> list[tuple[str, str]]:
    """Refuse a public first address, unless someone says why it has to be so."""
    if addresses.first_is_public and not override_reason.strip():
        return [("public_first", PUBLIC_FIRST)]
    return []


def _interface_errors(row: int, item: InterfaceAddress, network: HostNetwork) -> list[tuple[str, str]]:
    if item.interface is None or str(item.interface) in network.interfaces:
        return []
    known = ", ".join(network.interfaces) or "none that was seen"
    return [(f"interface-{row}", f"The host has no interface {item.interface}. It has: {known}.")]


def _address_errors(
    row: int,
    item: InterfaceAddress,
    network: HostNetwork,
    own: Mapping[IpAddress, tuple[str, IpInterface]],
) -> list[tuple[str, str]]:
    if holder := network.held.get(item.ip):
        return [(f"address-{row}", f"The jail {holder} on this host has {item.ip} already.")]
    if item.ip in own:
        interface = own[item.ip][0]
        return [
            (
                f"address-{row}",
                f"{item.ip} is the host's own address on {interface}: a jail that stops would take it away.",
            )
        ]
    why_not = network.why_not(item.ip)
    return [(f"address-{row}", why_not)] if why_not else []


def _subnet_warnings(
    item: InterfaceAddress, own: Mapping[IpAddress, tuple[str, IpInterface]], taken: set[IpAddress]
) -> list[str]:
    if any(ip.version == item.ip.version and ip in item.network for ip in own):
        return []
    if item.prefix == item.ip.max_prefixlen:
        return []
    lacks = f"The host has no address of its own in {item.network}"
    free = next((ip for ip in item.network.hosts() if ip not in taken), None)
    if free is None:
        return [f"{lacks}, and jails have all of it."]
    family = "inet" if item.ip.version == 4 else "inet6"
    advice = f"ifconfig {item.interface} {family} {free}/{item.prefix} alias"
    return [f"{lacks}: add one, for example with “{advice}”."]
