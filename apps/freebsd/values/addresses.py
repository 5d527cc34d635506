"""Addresses of jails: an interface, an IP address and the length of its subnet's prefix."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING, Self

from apps.freebsd.errors import InvalidInput
from apps.freebsd.values.names import InterfaceName

if TYPE_CHECKING:
    from collections.abc import Iterator

IpAddress = IPv4Address | IPv6Address
IpNetwork = IPv4Network | IPv6Network

LONGEST_LIST = 2048  # what the host agent passes on; the kernel would take 255 of each family

# Not ipaddress.is_private: that counts 192.0.2.0/24 and other documentation ranges as private.
_PRIVATE = tuple(
    ip_network(text)
    for text in (
        "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",
        "100.64.0.0/10",
        "127.0.0.0/8", "169.254.0.0/16",
        "::1/128", "fc00::/7", "fe80::/10",
    )
)  # fmt: skip
_THIS_NETWORK = IPv4Network("0.0.0.0/8")
_PREFIX = re.compile(r"[0-9]{1,3}")
_PARTS_MISSING = "An address needs an interface and a prefix length, as in lo0|10.0.0.2/24."


def is_private(ip: IpAddress) -> bool:
    """Return whether no one beyond the site can reach `ip`.

    Private are RFC 1918, carrier-grade NAT, loopback, link-local and unique local addresses.
    Documentation ranges such as 192.0.2.0/24 count as public: people try the panel out with them.

    Source: RFC 1918, 6598, 3927, 4193, 4291.
    """
    return any(ip.version == net.version and ip in net for net in _PRIVATE)


@dataclass(frozen=True, slots=True)
class InterfaceAddress:
    """One address of a jail, `lo0|10.0.0.2/24` in ezjail's form.

    `parse` and `from_parts` are for what the panel makes: all three parts, and an address that a jail can
    use. `parse_observed` is for what a host has already, which may lack parts or be of no use.

    Args:
        interface: Where jail(8) adds the address when the jail starts; None when the host has it already.
        ip: The address.
        prefix: The subnet's prefix length in bits; None when none is given.

    Raises:
        InvalidInput: This is no address, or none for a new jail; `field` is interface, address or prefix.

    Source: reference ezjail §7 "IP argument forms", §3.6; jail-tools §2.4.
    """

    interface: InterfaceName | None
    ip: IpAddress
    prefix: int | None

    def __post_init__(self) -> None:
        if isinstance(self.ip, IPv6Address) and self.ip.scope_id is not None:
            raise InvalidInput("A jail's address carries no scope: the interface says it.", field="address")
        if self.prefix is not None and not 1 <= self.prefix <= self.ip.max_prefixlen:
            raise InvalidInput(
                f"The prefix length of an IPv{self.ip.version} address is from 1 to {self.ip.max_prefixlen}.",
                field="prefix",
            )

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the address in `text`, which has the form INTERFACE|ADDRESS/PREFIX."""
        interface, bar, rest = text.partition("|")
        ip, slash, prefix = rest.partition("/")
        if not bar or not slash:
            raise InvalidInput(_PARTS_MISSING, field="prefix" if bar else "interface")
        return cls.from_parts(interface, ip, prefix)

    @classmethod
    def from_parts(cls, interface: str, address: str, prefix: str) -> Self:
        """Return the address that three form fields give; an InvalidInput names the field."""
        made = cls(_parse_interface(interface), _parse_ip(address), _parse_prefix(prefix))
        made.check_for_new_jail()
        return made

    @classmethod
    def parse_observed(cls, text: str) -> Self:
        """Return the address in `text` as an ezjail file may hold it: [INTERFACE|]ADDRESS[/PREFIX]."""
        interface, bar, rest = text.rpartition("|")
        ip, slash, prefix = rest.partition("/")
        return cls(
            _parse_interface(interface) if bar else None,
            _parse_ip(ip),
            _parse_prefix_or_mask(prefix) if slash else None,
        )

    def check_for_new_jail(self) -> None:
        """Raise InvalidInput unless a new jail can have this address."""
        if self.interface is None or self.prefix is None:
            raise InvalidInput(_PARTS_MISSING, field="prefix" if self.interface else "interface")
        _check_usable(self.ip)
        _check_no_subnet_end(self.ip, self.network)

    @property
    def network(self) -> IpNetwork:
        """The subnet; without a prefix the address alone, as rc.d/jail takes it."""
        prefix = self.ip.max_prefixlen if self.prefix is None else self.prefix
        return ip_network((self.ip, prefix), strict=False)

    @property
    def is_private(self) -> bool:
        """Whether no one beyond the site can reach the address."""
        return is_private(self.ip)

    def __str__(self) -> str:
        before = "" if self.interface is None else f"{self.interface}|"
        after = "" if self.prefix is None else f"/{self.prefix}"
        return f"{before}{self.ip}{after}"


@dataclass(frozen=True, slots=True)
class JailAddresses:
    """The addresses of a new jail, in order: the first one is what 127.0.0.1 means inside.

    Args:
        items: One address or more, each IP once.

    Raises:
        InvalidInput: There is none, too many, one of them twice, or one that a jail cannot use.
    """

    items: tuple[InterfaceAddress, ...]

    def __post_init__(self) -> None:
        if not self.items:
            raise InvalidInput("A jail needs at least one address.")
        if len(str(self)) > LONGEST_LIST:
            raise InvalidInput(f"A jail's addresses together can have at most {LONGEST_LIST} characters.")
        seen: set[IpAddress] = set()
        for item in self.items:
            item.check_for_new_jail()
            if item.ip in seen:
                raise InvalidInput(
                    f"{item.ip} is given twice; a jail has each address once.", field="address"
                )
            seen.add(item.ip)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the addresses in `text`, INTERFACE|ADDRESS/PREFIX with commas between them."""
        if not text:
            raise InvalidInput("A jail needs at least one address.")
        return cls(tuple(InterfaceAddress.parse(part) for part in text.split(",")))

    @property
    def first_is_public(self) -> bool:
        """Whether what listens on "loopback" in the jail would be open to the world.

        The kernel turns 127.0.0.1 into the jail's first IPv4 address, so that one counts as well as the
        first of the list.
        """
        first_of_each = (self.items[0], *[item for item in self.items if item.ip.version == 4][:1])
        return any(not item.is_private for item in first_of_each)

    def __iter__(self) -> Iterator[InterfaceAddress]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def __str__(self) -> str:
        return ",".join(str(item) for item in self.items)


def _parse_interface(text: str) -> InterfaceName:
    try:
        return InterfaceName.parse(text)
    except InvalidInput as error:
        raise InvalidInput(error.message, field="interface") from None


def _parse_ip(text: str) -> IpAddress:
    if "%" in text:
        raise InvalidInput(
            "Leave out the part from the % on: the interface is a field of its own.", field="address"
        )
    try:
        return ip_address(text)
    except ValueError:
        raise InvalidInput(
            "This is no IPv4 or IPv6 address, such as 10.0.0.2 or fd00::2.", field="address"
        ) from None


def _parse_prefix(text: str) -> int:
    if not _PREFIX.fullmatch(text):
        raise InvalidInput("A prefix length is a number of bits, such as 24.", field="prefix")
    return int(text)


def _parse_prefix_or_mask(text: str) -> int:
    if "." not in text:
        return _parse_prefix(text)
    try:
        return IPv4Network(f"0.0.0.0/{text}").prefixlen
    except ValueError:
        raise InvalidInput("This is no netmask, such as 255.255.255.0.", field="prefix") from None


def _check_usable(ip: IpAddress) -> None:
    for wrong, what in (
        (ip.is_unspecified, "means “no address”"),
        (ip.is_multicast, "is a multicast address"),
        (ip.version == 4 and (ip in _THIS_NETWORK or ip.is_reserved), "is in a reserved range"),
        (isinstance(ip, IPv6Address) and ip.ipv4_mapped is not None, "is an IPv4 address in IPv6 clothes"),
    ):
        if wrong:
            raise InvalidInput(f"{ip} {what}; a jail needs an address of its own.", field="address")


def _check_no_subnet_end(ip: IpAddress, network: IpNetwork) -> None:
    if network.num_addresses <= 2:
        return
    if ip == network.network_address:
        raise InvalidInput(f"{ip} is the address of the network {network} itself.", field="address")
    if ip.version == 4 and ip == network.broadcast_address:
        raise InvalidInput(f"{ip} is the broadcast address of {network}.", field="address")
