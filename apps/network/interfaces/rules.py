"""Which address a host may have of its own on an interface; each complaint with its field."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Interface, IPv6Interface, ip_interface

from apps.freebsd.commands.host_setup import is_plain
from apps.freebsd.errors import InvalidInput
from apps.hosts.models import Host
from apps.network.models import SeenAddress, address_key
from apps.network.pools.holding import said_of, why_not_to
from apps.network.pools.queries import LOOPBACK, pool_of, seen_in

IpInterface = IPv4Interface | IPv6Interface
ODD_NAME = (
    "The panel gives no command for an interface of such a name, nor for what rc.conf makes of it: set the "
    "address by hand."
)


def parse(text: str) -> IpInterface:
    """Return the address with its prefix in `text`.

    Raises:
        InvalidInput: It is none that a host can have; `field` is address.
    """
    if "/" not in text or "%" in text:
        raise InvalidInput("Write an address with its prefix length, such as 10.0.0.1/24.", field="address")
    try:
        address = ip_interface(text.strip())
    except ValueError:
        raise InvalidInput(
            "This is no address with its prefix length, such as 10.0.0.1/24.", field="address"
        ) from None
    ip, network = address.ip, address.network
    if ip.is_multicast or ip.is_unspecified or ip.is_link_local or ip.is_loopback or (
        ip.version == 4 and ip.is_reserved
    ):  # fmt: skip
        raise InvalidInput(f"{ip} is no address that a host gives itself beside jails.", field="address")
    if network.num_addresses > 2 and (ip == network[0] or (ip.version == 4 and ip == network[-1])):
        raise InvalidInput(f"{ip} is an end of {network}, which no machine can have.", field="address")
    return address


def check(host: Host, interface: str, address: IpInterface) -> None:
    """Refuse what is no interface of the host's, or is somebody's address already.

    Raises:
        InvalidInput: `field` says where.
    """
    names = [str(one["name"]) for one in host.facts.get("interfaces") or []]
    if interface not in names:
        raise InvalidInput("Choose an interface that was seen on the host.", field="interface")
    if not is_plain(interface):
        raise InvalidInput(ODD_NAME, field="interface")
    for sentence in (*_on_host(host, interface, address), *_elsewhere(host, interface, address)):
        raise InvalidInput(sentence, field="address")


def _on_host(host: Host, interface: str, address: IpInterface) -> Iterator[str]:
    key = address_key(str(address.ip))
    for row in SeenAddress.objects.filter(host=host):
        if row.key == key and row.jail:
            yield f"The jail {row.jail} on this host has {address.ip}: when it stops it takes it along."
        elif row.key == key and row.interface != interface:
            yield f"The host has {address.ip} on {row.interface} already."
        elif row.key[0] == key[0] and not row.jail and row.interface != interface and row.prefix is not None:
            other = ip_interface(f"{row.address}/{row.prefix}")
            if other.network.overlaps(address.network):
                yield f"{address.network} is in use on the host: {row.interface} has {other}."


def _elsewhere(host: Host, interface: str, address: IpInterface) -> Iterator[str]:
    """Refuse what a pool holds for another, and what another host has on a network that both share."""
    text, key = str(address.ip), address_key(str(address.ip))
    pool = pool_of(host, text)
    if pool and (held := pool.held.filter(key=key).first()):
        if (held.host_id, held.jail, held.note) != (host.pk, "", note_of(host, interface)):
            free_it = "" if held.jail else " Release it there first if the host is meant."
            yield f"{said_of(held, host)}{free_it}"
    elif pool and text != pool.gateway and (why_not := why_not_to(pool, text, host, "")):
        yield why_not
    if interface.startswith(LOOPBACK) and (pool is None or pool.host_id):
        return
    others = seen_in(pool) if pool else SeenAddress.objects.exclude(interface__startswith=LOOPBACK)
    if others.filter(key=key).exclude(host=host).exists():
        yield f"{address.ip} is in use on another host that shares its network."


def note_of(host: Host, interface: str) -> str:
    """Return what a pool says of an address that it keeps for a host itself."""
    return f"{host.name}'s own on {interface}"[:200]
