"""What a NAT instance of the simulated kernel does to a packet: links, as libalias keeps them.

Source: reference ipfw.md §5.1, §5.3.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from apps.simulator.ipfw.packets import ICMP, WITH_PORTS, Packet

ANY_PORT = 0
FIRST_FREE_PORT = 0x8000  # where libalias takes its own ports from (inferred)
_PRIVATE = tuple(map(ipaddress.ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))
_CARRIER = ipaddress.ip_network("100.64.0.0/10")


@dataclass(slots=True)
class Link:
    """A translation that is under way.

    Attributes:
        nat: number of its instance.
        proto: the protocol's name.
        local: the address behind the instance.
        local_port: its port, or ICMP's id; 0 without ports.
        alias: the address that the world sees.
        alias_port: likewise.
        remote: the other side.
        remote_port: likewise.
    """

    nat: int
    proto: str
    local: str
    local_port: int
    alias: str
    alias_port: int
    remote: str
    remote_port: int


@dataclass(frozen=True, slots=True)
class Forward:
    """A redirect of an instance, taken apart.

    Attributes:
        kind: "port", "addr" or "proto".
        proto: the protocol's name; empty for "addr".
        targets: address and first port of where it leads; several are a pool that takes turns.
        public: the address that it answers at; empty is any address of the instance.
        port: the first public port; 0 for kinds without ports.
        count: how many ports follow each other.
        remote: from whom alone it takes packets; empty is from everyone.
        remote_port: likewise; 0 is every port.
    """

    kind: str
    targets: tuple[tuple[str, int], ...]
    proto: str = ""
    public: str = ""
    port: int = 0
    count: int = 1
    remote: str = ""
    remote_port: int = 0


@dataclass(slots=True)
class Translator:
    """One instance at work.

    Attributes:
        number: of the instance.
        address: its public address; empty when its interface has none.
        modes: deny_in, same_ports, unreg_only, …
        forwards: its redirects, in the order of the kernel's list.
        links: those of all instances; new ones are put here.
        turns: how often each pool was asked.
    """

    number: int
    address: str
    modes: frozenset[str]
    forwards: tuple[Forward, ...]
    links: list[Link]
    turns: dict[str, int] = field(default_factory=dict)

    def translate(self, packet: Packet, *, is_leaving: bool) -> Packet | None:
        """Rewrite a packet.

        Args:
            packet: of IPv4.
            is_leaving: it goes out of the host; an instance in `reverse` mode takes it the other way round.

        Returns:
            The packet as it goes on; None when the instance drops it.
        """
        if is_leaving != ("reverse" in self.modes):
            return self._outgoing(packet)
        return self._incoming(packet)

    def _outgoing(self, packet: Packet) -> Packet:
        src, sport, dst, dport = _key(packet)
        for link in self._mine(packet.proto):
            if (link.local, link.local_port, link.remote, link.remote_port) == (src, sport, dst, dport):
                return _with_source(packet, link.alias, link.alias_port)
        alias, port = self._published(packet) or self._own(packet)
        self.links.append(Link(self.number, packet.proto, src, sport, alias, port, dst, dport))
        return _with_source(packet, alias, port)

    def _incoming(self, packet: Packet) -> Packet | None:
        src, sport, dst, dport = _key(packet)
        for link in self._mine(packet.proto):
            if (link.alias, link.alias_port, link.remote, link.remote_port) == (dst, dport, src, sport):
                return _with_destination(packet, link.local, link.local_port)
        target = self._redirected(packet)
        if target is None and "deny_in" in self.modes:
            return None
        local, port = target or self._original(packet)
        self.links.append(Link(self.number, packet.proto, local, port, dst, dport, src, sport))
        return _with_destination(packet, local, port)

    def _mine(self, proto: str) -> Iterator[Link]:
        return (link for link in self.links if link.nat == self.number and link.proto == proto)

    def _published(self, packet: Packet) -> tuple[str, int] | None:
        """Find the public side of a service that the packet comes from."""
        src, sport, dst, dport = _key(packet)
        for forward in self._fitting(packet.proto, dst, dport):
            local, first = forward.targets[0]
            in_range = forward.kind == "proto" or first <= sport < first + forward.count
            if len(forward.targets) == 1 and local == src and in_range:
                public = forward.public or self.address
                return public, forward.port + sport - first if forward.kind == "port" else sport
        return None

    def _redirected(self, packet: Packet) -> tuple[str, int] | None:
        """Find where a redirect_port or redirect_proto leads the packet."""
        src, sport, dst, dport = _key(packet)
        for forward in self._fitting(packet.proto, src, sport):
            in_range = forward.kind == "proto" or forward.port <= dport < forward.port + forward.count
            if (forward.public or self.address) == dst and in_range:
                local, first = self._next(forward)
                return local, first + dport - forward.port if forward.kind == "port" else dport
        return None

    def _fitting(self, proto: str, remote: str, remote_port: int) -> Iterator[Forward]:
        """Give the redirects that a protocol and the other side fit, those that name most of it first."""
        kind = "port" if proto in WITH_PORTS else "proto"
        fitting = [
            forward
            for forward in self.forwards
            if (forward.kind, forward.proto) == (kind, proto)
            and forward.remote in ("", remote)
            and forward.remote_port in (ANY_PORT, remote_port)
        ]
        return iter(
            sorted(fitting, key=lambda item: (not item.public, not item.remote, not item.remote_port))
        )

    def _own(self, packet: Packet) -> tuple[str, int]:
        """Choose the address and the port that a new conversation goes out with."""
        src, sport, _dst, _dport = _key(packet)
        for forward in self.forwards:
            if forward.kind == "addr" and [target for target, _ in forward.targets] == [src]:
                alias = forward.public or self.address
                break
        else:
            alias = src if self._is_spared(src) else self.address or src
        return alias, self._port(packet, alias, sport)

    def _is_spared(self, src: str) -> bool:
        """Tell whether the mode leaves this source its own address."""
        if "proxy_only" in self.modes:
            return True
        if not self.modes & {"unreg_only", "unreg_cgn"}:
            return False
        nets = (*_PRIVATE, _CARRIER) if "unreg_cgn" in self.modes else _PRIVATE
        return not any(ipaddress.ip_address(src) in net for net in nets)

    def _port(self, packet: Packet, alias: str, sport: int) -> int:
        """Choose a port for a new link: the sender's own where that is wished for and free."""
        if packet.proto not in WITH_PORTS | ICMP:
            return 0
        _src, _sport, dst, dport = _key(packet)
        taken = {
            link.alias_port
            for link in self._mine(packet.proto)
            if (link.alias, link.remote, link.remote_port) == (alias, dst, dport)
        }
        if "same_ports" in self.modes and sport not in taken:
            return sport
        return next(port for port in range(FIRST_FREE_PORT, 0x10000) if port not in taken)

    def _original(self, packet: Packet) -> tuple[str, int]:
        """Find where a packet goes that no link and no port is made for."""
        _src, _sport, dst, dport = _key(packet)
        for forward in self.forwards:
            if forward.kind == "addr" and (forward.public or self.address) == dst:
                return self._next(forward)[0], dport
        return dst, dport

    def _next(self, forward: Forward) -> tuple[str, int]:
        """Give the target whose turn it is."""
        key = f"{self.number} {forward}"
        turn = self.turns.get(key, 0)
        self.turns[key] = turn + 1
        return forward.targets[turn % len(forward.targets)]


def _key(packet: Packet) -> tuple[str, int, str, int]:
    """Give source, port, destination, port; the id of ICMP is the port of the side behind the instance."""
    if packet.proto in ICMP:
        return packet.src, packet.ident, packet.dst, packet.ident
    return packet.src, packet.sport, packet.dst, packet.dport


def _with_source(packet: Packet, address: str, port: int) -> Packet:
    if packet.proto in ICMP:
        return replace(packet, src=address, ident=port)
    return replace(packet, src=address, sport=port)


def _with_destination(packet: Packet, address: str, port: int) -> Packet:
    if packet.proto in ICMP:
        return replace(packet, dst=address, ident=port)
    return replace(packet, dst=address, dport=port)
