"""A simulated machine's network interfaces and their addresses.

Source: reference jail-tools.md §5; captures/host.json (ifconfig-…), captures/jail.json.
"""

from __future__ import annotations

import hashlib
import ipaddress
from dataclasses import dataclass, field
from ipaddress import IPv4Interface, IPv6Interface

FLAG_UP, FLAG_RUNNING = 0x1, 0x40
Address = IPv4Interface | IPv6Interface


@dataclass(frozen=True, slots=True)
class Kind:
    """What every interface of one driver has alike: flags when down, options, further lines."""

    flags: int
    options: str
    mtu: int = 1500
    media: str = ""
    group: str = ""


BROADCAST = 0x2
ETHERNET = 0x8802  # BROADCAST SIMPLEX MULTICAST
EPOCH = 0x20  # has no name in what ifconfig prints (captures/host.json: vtnet0 is 8863)
LOOPBACK = 0x8008  # LOOPBACK MULTICAST
_AUTOSELECT = "Ethernet autoselect (1000baseT <full-duplex>)"
_TEN_GIGABIT = "Ethernet autoselect (10Gbase-T <full-duplex>)"
_LOOP_OPTIONS = "680003<RXCSUM,TXCSUM,LINKSTATE,RXCSUM_IPV6,TXCSUM_IPV6>"
_RE_OPTIONS = "8209b<RXCSUM,TXCSUM,VLAN_MTU,VLAN_HWTAGGING,VLAN_HWCSUM,WOL_MAGIC,LINKSTATE>"
KINDS = {
    "lo": Kind(LOOPBACK, _LOOP_OPTIONS, mtu=16384, group="lo"),
    "pflog": Kind(0, "", mtu=33160, group="pflog"),
    "vtnet": Kind(ETHERNET | EPOCH, "80028<VLAN_MTU,JUMBO_MTU,LINKSTATE>", media=_TEN_GIGABIT),
    "bridge": Kind(ETHERNET, "", group="bridge"),
    "": Kind(ETHERNET, _RE_OPTIONS, media=_AUTOSELECT),
}
FLAG_NAMES = (
    (0x1, "UP"),
    (0x2, "BROADCAST"),
    (0x8, "LOOPBACK"),
    (0x10, "POINTOPOINT"),
    (0x40, "RUNNING"),
    (0x100, "PROMISC"),
    (0x800, "SIMPLEX"),
    (0x8000, "MULTICAST"),
)


@dataclass(slots=True)
class Interface:
    """An interface; `addresses` are `address/prefix` in the order in which they were added."""

    name: str
    index: int
    ether: str = ""
    up: bool = False
    addresses: list[str] = field(default_factory=list)
    cloned: bool = False

    @property
    def kind(self) -> Kind:
        """What its driver gives it."""
        return KINDS.get(self.name.rstrip("0123456789"), KINDS[""])

    @property
    def flags(self) -> int:
        """The flag word of the kernel."""
        return self.kind.flags | (FLAG_UP | FLAG_RUNNING if self.up else 0)

    @property
    def loopback(self) -> bool:
        """It is a lo(4)."""
        return self.name.startswith("lo")

    def parsed(self) -> list[Address]:
        """Give the addresses as objects, the families together, the first one's family first."""
        found = [ipaddress.ip_interface(text) for text in self.addresses]
        versions = list(dict.fromkeys(address.version for address in found))
        return sorted(found, key=lambda address: versions.index(address.version))

    def holds(self, ip: str) -> bool:
        """Tell whether an address (without prefix) is on it."""
        wanted = ipaddress.ip_address(ip)
        return any(ipaddress.ip_interface(text).ip == wanted for text in self.addresses)

    def add(self, address: str) -> None:
        """Put an address on the interface, which also brings it up; again is no change but for its prefix.

        Coming up gives it a link-local IPv6 address behind the first other one, as captured.
        """
        if self.holds(address.partition("/")[0]):
            self.remove(address.partition("/")[0])
        self.addresses.append(str(ipaddress.ip_interface(address)))
        self.bring_up()

    def bring_up(self) -> None:
        """Set it up; the kernel adds the link-local address."""
        self.up = True
        if not any(text.startswith("fe80:") for text in self.addresses):
            self.addresses.append(link_local(self))

    def remove(self, ip: str) -> bool:
        """Take an address away; False when it was not there."""
        wanted = ipaddress.ip_address(ip)
        kept = [text for text in self.addresses if ipaddress.ip_interface(text).ip != wanted]
        found = len(kept) < len(self.addresses)
        self.addresses = kept
        return found


def link_local(interface: Interface) -> str:
    """Make the link-local address that the kernel gives: EUI-64 of the hardware address, ::1 on lo."""
    if not interface.ether:
        return "fe80::1/64"
    octets = [int(part, 16) for part in interface.ether.split(":")]
    eui = [octets[0] ^ 2, *octets[1:3], 0xFF, 0xFE, *octets[3:]]
    groups = [f"{eui[i] << 8 | eui[i + 1]:x}" for i in range(0, 8, 2)]
    return str(ipaddress.ip_interface(f"fe80::{':'.join(groups)}/64"))


def hardware_address(host: str, interface: str) -> str:
    """Make a hardware address that is the same each time, from names."""
    digest = hashlib.sha256(f"{host} {interface}".encode()).digest()
    return "58:9c:fc:" + ":".join(f"{octet:02x}" for octet in digest[:3])


def is_ethernet(name: str) -> bool:
    """Tell whether an interface of this name has a hardware address."""
    return bool(KINDS.get(name.rstrip("0123456789"), KINDS[""]).flags & BROADCAST)
