"""Ways in through a NAT instance, with their addresses as numbers.

Source: reference ipfw §5.1, §5.3.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from apps.freebsd.firewall.model import NatInstance, Redirect
from apps.freebsd.firewall.places import read_address
from apps.freebsd.firewall.services import SERVICES
from apps.freebsd.firewall.sight import proto_number

ANY = 0  # as an address: any; as a port: any

End = tuple[int, int]  # address and port


@dataclass(frozen=True, slots=True)
class Way:
    """One port (or one protocol) that leads in.

    Args:
        proto: The protocol's number.
        locals: Where it leads; more than one take turns.
        public: Where it is met; the address may be ANY: the instance's own.
        remote: From whom alone; ANY for everybody.
    """

    proto: int
    locals: tuple[End, ...]
    public: End
    remote: End


def ways_of(nat: NatInstance) -> tuple[Way, ...]:
    """Return all ways of port and protocol redirects, in a fixed order, without those that cannot be read."""
    ordered = sorted(nat.redirects, key=lambda one: (one.kind, one.proto, one.public, one.local, one.remote))
    return tuple(way for redirect in ordered if is_readable(redirect) for way in _ways(redirect))


def is_readable(redirect: Redirect) -> bool:
    """Whether all its addresses and ports are numbers that we know."""
    try:
        if redirect.kind == "addr":
            return all(read_address(text) for text in (*redirect.local, redirect.public))
        return bool(tuple(_ways(redirect)))
    except (ValueError, IndexError):
        return False


def address_pairs(nat: NatInstance) -> tuple[tuple[tuple[int, ...], int], ...]:
    """Return the local addresses and the public one of each redirect_addr."""
    ordered = sorted(nat.redirects, key=lambda redirect: (redirect.public, redirect.local))
    return tuple(
        (tuple(read_address(text)[1] for text in one.local), read_address(one.public)[1])
        for one in ordered
        if one.kind == "addr" and is_readable(one)
    )


def _ways(redirect: Redirect) -> Iterator[Way]:
    if redirect.kind == "port":
        yield from _port_ways(redirect)
    elif redirect.kind == "proto":
        local = read_address(redirect.local[0])[1]
        public = read_address(redirect.public)[1] if redirect.public else ANY
        remote = read_address(redirect.remote)[1] if redirect.remote else ANY
        yield Way(proto_number(redirect.proto), ((local, 0),), (public, 0), (remote, 0))


def _port_ways(redirect: Redirect) -> Iterator[Way]:
    proto = proto_number(redirect.proto)
    address, ports = _end(redirect.public)
    remote, remote_ports = _end(redirect.remote) if redirect.remote else (ANY, range(1))
    if redirect.remote and ":" not in redirect.remote:
        remote_ports = range(1)
    local = [_end(text) for text in redirect.local]
    for place, port in enumerate(ports):
        ends = tuple((host, numbers[place]) for host, numbers in local)
        far = remote_ports[place] if len(remote_ports) > place else remote_ports[0]
        yield Way(proto, ends, (address, port), (remote, far))


def _end(text: str) -> tuple[int, range]:
    """Return address and ports of `10.0.0.3:8000-8009`, `192.0.2.11:80`, `80`, or `198.51.100.7`."""
    address, colon, ports = text.rpartition(":")
    if not colon and "." in text:
        return read_address(text)[1], range(1)
    low, _, high = ports.partition("-")
    first = _port(low)
    last = _port(high) if high else first
    return (read_address(address)[1] if address else ANY), range(first, last + 1)


def _port(text: str) -> int:
    known = SERVICES.get(text)
    return int(text) if known is None else known
