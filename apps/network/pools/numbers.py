"""Addresses as keys that sort, and what of a network can be given out. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from apps.freebsd.errors import InvalidInput
from apps.freebsd.values import IpAddress, IpNetwork
from apps.network.models import address_key

_NO_NETWORK = "This is no network, such as 10.0.0.0/24 or fd00:0:0:1::/64."
_NO_ADDRESS = "This is no IPv4 or IPv6 address, such as 10.0.0.2 or fd00::2."


@dataclass(frozen=True, slots=True)
class Range:
    """Addresses in a row.

    Args:
        first: The key of the first.
        last: The key of the last.
    """

    first: str
    last: str

    @property
    def size(self) -> int:
        """How many they are."""
        return number_of(self.last) - number_of(self.first) + 1

    @property
    def words(self) -> str:
        """The ends as addresses; one alone as it is."""
        first, last = address_of(self.first), address_of(self.last)
        return first if first == last else f"{first} – {last}"


def number_of(key: str) -> int:
    """Return the address behind a key as a number."""
    return int(key[1:], 16)


def address_of(key: str) -> str:
    """Return the address behind a key."""
    number = number_of(key)
    return str(IPv4Address(number) if key[0] == "4" else IPv6Address(number))


def shifted(key: str, by: int) -> str:
    """Return the key of the address that is `by` further on."""
    return f"{key[0]}{number_of(key) + by:032x}"


def parse_network(text: str) -> IpNetwork:
    """Return the network in `text`.

    Raises:
        InvalidInput: It is none, or has bits behind its prefix; `field` is network.
    """
    if "%" in text or "/" not in text:
        raise InvalidInput(_NO_NETWORK, field="network")
    try:
        loose = ip_network(text.strip(), strict=False)
    except ValueError:
        raise InvalidInput(_NO_NETWORK, field="network") from None
    if str(loose.network_address) != str(_address(text.partition("/")[0], "network")):
        raise InvalidInput(f"The network of this address is {loose}.", field="network")
    return loose


def parse_address(text: str, field: str = "address") -> IpAddress:
    """Return the address in `text`; an InvalidInput names the field."""
    return _address(text, field)


def _address(text: str, field: str) -> IpAddress:
    try:
        ip = ip_address(text.strip())
    except ValueError:
        raise InvalidInput(_NO_ADDRESS, field=field) from None
    if isinstance(ip, IPv6Address) and ip.scope_id is not None:
        raise InvalidInput("Leave out the part from the % on.", field=field)
    return ip


def ends_of(network: IpNetwork) -> Range:
    """Return the keys of a network's first and last address."""
    return Range(address_key(str(network[0])), address_key(str(network[-1])))


def set_apart(network: IpNetwork, gateway: str) -> dict[str, str]:
    """Return the addresses of a network that no jail can have, by key, each with what it is.

    Source: RFC 919, 950, 3021 (both ends of a /31 are hosts), 4291 §2.6.1 (subnet-router anycast).
    """
    ends = ends_of(network)
    apart = {address_key(gateway): "the gateway"} if gateway else {}
    if network.num_addresses > 2:
        apart[ends.first] = "the network's own address"
        if network.version == 4:
            apart[ends.last] = "the broadcast address"
    return apart


def without(whole: Range, taken: Iterable[Range]) -> list[Range]:
    """Return what is left of a range once others are taken out of it, in order."""
    left: list[Range] = []
    first = whole.first
    for one in sorted(taken, key=lambda one: one.first):
        if one.last < first or one.first > whole.last:
            continue
        if one.first > first:
            left.append(Range(first, shifted(one.first, -1)))
        if one.last >= whole.last:
            return left
        first = shifted(one.last, 1)
    return [*left, Range(first, whole.last)]
