"""What a NAT instance of the simulated kernel does to a packet: links, as libalias keeps them.

Source: reference ipfw.md §5.1, §5.3.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass, replace

from apps.simulator.ipfw.model import Link, Nat, Redirect
from apps.simulator.ipfw.packets import ICMP, WITH_PORTS, Packet

ANYWHERE = "0.0.0.0"  # noqa: S104 - what a redirect has for "any address"
FREE_PORTS = range(0x8000, 0x10000)  # where libalias takes ports of its own from (inferred)
_PRIVATE = tuple(map(ipaddress.ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))
_CARRIER = ipaddress.ip_network("100.64.0.0/10")
_End = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Translator:
    """One instance at work.

    Attributes:
        nat: how it is configured.
        address: its public address now; empty when its interface has none.
        links: of all instances; new ones are put here.
    """

    nat: Nat
    address: str
    links: list[Link]

    def translate(self, packet: Packet, *, leaving: bool) -> Packet | None:
        """Rewrite a packet.

        Args:
            packet: of IPv4.
            leaving: it goes out of the host; an instance in `reverse` mode takes it the other way round.

        Returns:
            The packet as it goes on; None when the instance drops it.
        """
        if leaving != ("reverse" in self.nat.modes):
            return self._outgoing(packet)
        return self._incoming(packet)

    def recognises(self, packet: Packet, *, leaving: bool) -> bool:
        """Tell whether a packet belongs to a translation that is under way, or to a redirect.

        Args:
            packet: of IPv4.
            leaving: it goes out of the host.
        """
        if leaving:
            ends = _source(packet), _far_destination(packet)
            return bool(self._link_out(packet) or self._published(packet, *ends))
        ends = _destination(packet), _far_source(packet)
        return bool(self._link_in(packet) or self._redirected(packet, *ends))

    def _outgoing(self, packet: Packet) -> Packet:
        if packet.offset:  # has no ports, and makes no link
            return replace(packet, src=self._alias(packet.src))
        link = self._link_out(packet)
        if link is None:
            local, remote = _source(packet), _far_destination(packet)
            alias = self._published(packet, local, remote) or self._own(packet, local, remote)
            link = Link(self.nat.number, packet.proto, *local, *alias, *remote)
            self.links.append(link)
        return _with_source(packet, link.alias, link.alias_port)

    def _incoming(self, packet: Packet) -> Packet | None:
        if packet.offset:
            return None
        link = self._link_in(packet)
        if link is None:
            alias, remote = _destination(packet), _far_source(packet)
            local = self._redirected(packet, alias, remote)
            if local is None and "deny_in" in self.nat.modes:
                return None
            link = Link(self.nat.number, packet.proto, *(local or self._original(alias)), *alias, *remote)
            self.links.append(link)
        return _with_destination(packet, link.local, link.local_port)

    def _mine(self, proto: int) -> Iterator[Link]:
        """Give the instance's links, the newest first, as the kernel's lists have them."""
        return (link for link in reversed(self.links) if link.nat == self.nat.number and link.proto == proto)

    def _link_out(self, packet: Packet) -> Link | None:
        wanted = (*_source(packet), *_far_destination(packet))
        for link in self._mine(packet.proto):
            if (link.local, link.local_port, link.remote, link.remote_port) == wanted:
                return link
        return None

    def _link_in(self, packet: Packet) -> Link | None:
        wanted = (*_destination(packet), *_far_source(packet))
        for link in self._mine(packet.proto):
            if (link.alias, link.alias_port, link.remote, link.remote_port) == wanted:
                return link
        return None

    def _published(self, packet: Packet, local: _End, remote: _End) -> _End | None:
        """Find the public end of a service that the packet comes from; a pool's servers have none."""
        for redirect in self._redirects(packet.proto):
            server = redirect.servers[0]
            step = local[1] - server.port if redirect.kind == "port" else 0
            if len(redirect.servers) == 1 and server.address == local[0] and _has(redirect, step, remote):
                port = redirect.public_port + step if redirect.kind == "port" else local[1]
                public = self._default(local[0]) if redirect.public == ANYWHERE else redirect.public
                return public, port
        return None

    def _redirected(self, packet: Packet, alias: _End, remote: _End) -> _End | None:
        """Find where a redirect_port or redirect_proto leads a packet."""
        for redirect in self._redirects(packet.proto):
            step = alias[1] - redirect.public_port if redirect.kind == "port" else 0
            if self._public(redirect) == alias[0] and _has(redirect, step, remote):
                address, port = self._server(redirect, alias)
                return address, port + step if redirect.kind == "port" else alias[1]
        return None

    def _redirects(self, proto: int) -> list[Redirect]:
        """Give the redirects of a protocol, those that say most about the other side first."""
        kind = "port" if proto in WITH_PORTS else "proto"
        fitting = [item for item in self.nat.redirects if (item.kind, item.proto) == (kind, proto)]
        return sorted(fitting, key=lambda item: (item.remote == ANYWHERE, item.remote_port == 0))

    def _own(self, packet: Packet, local: _End, remote: _End) -> _End:
        """Choose the end that a new conversation goes out with."""
        alias = self._alias(local[0])
        return alias, self._port(packet.proto, alias, local[1], remote)

    def _alias(self, source: str) -> str:
        """Find the address that a source goes out with."""
        for redirect in self.nat.redirects:
            if redirect.kind == "addr" and [server.address for server in redirect.servers] == [source]:
                return self._public(redirect)
        return self._default(source)

    def _default(self, source: str) -> str:
        """Give the instance's address, or a source its own where the mode spares it."""
        return source if self._spares(source) else self.address or source

    def _spares(self, address: str) -> bool:
        """Tell whether a source keeps its own address."""
        modes = self.nat.modes
        if "unreg_only" not in modes and "unreg_cgn" not in modes:
            return "proxy_only" in modes
        nets = (*_PRIVATE, _CARRIER) if "unreg_cgn" in modes else _PRIVATE
        return not any(ipaddress.ip_address(address) in net for net in nets)

    def _port(self, proto: int, alias: str, wish: int, remote: _End) -> int:
        """Choose a port for a new link: the sender's own where that is asked for and free."""
        if proto not in WITH_PORTS and proto != ICMP:
            return 0
        taken = {
            link.alias_port
            for link in self._mine(proto)
            if (link.alias, link.remote, link.remote_port) == (alias, *remote)
        }
        if "same_ports" in self.nat.modes and wish not in taken:
            return wish
        return next(port for port in FREE_PORTS if port not in taken)

    def _original(self, alias: _End) -> _End:
        """Find where a packet without link and port redirect goes: to a redirect_addr, or on as it is."""
        for redirect in self.nat.redirects:
            if redirect.kind == "addr" and self._public(redirect) == alias[0]:
                return self._server(redirect, alias)[0], alias[1]
        return alias

    def _public(self, redirect: Redirect) -> str:
        return self.address if redirect.public == ANYWHERE else redirect.public

    def _server(self, redirect: Redirect, alias: _End) -> _End:
        """Give the server whose turn it is: a pool's take turns."""
        earlier = sum(1 for link in self.links if (link.alias, link.alias_port) == alias)
        server = redirect.servers[earlier % len(redirect.servers)]
        return server.address, server.port


def _has(redirect: Redirect, step: int, remote: _End) -> bool:
    """Tell whether the n-th port of a redirect is there, and there for this other side."""
    if not 0 <= step < redirect.ports or redirect.remote not in (ANYWHERE, remote[0]):
        return False
    wanted = redirect.remote_port + (step if redirect.remote_ports > 1 else 0)
    return not redirect.remote_port or wanted == remote[1]


def _source(packet: Packet) -> _End:
    return packet.src, packet.ident if packet.proto == ICMP else packet.sport


def _destination(packet: Packet) -> _End:
    return packet.dst, packet.ident if packet.proto == ICMP else packet.dport


def _far_source(packet: Packet) -> _End:
    """Give the other side of a packet that comes in: of ICMP, its id is the near side's port."""
    return packet.src, packet.sport


def _far_destination(packet: Packet) -> _End:
    return packet.dst, packet.dport


def _with_source(packet: Packet, address: str, port: int) -> Packet:
    if packet.proto == ICMP:
        return replace(packet, src=address, ident=port)
    return replace(packet, src=address, sport=port)


def _with_destination(packet: Packet, address: str, port: int) -> Packet:
    if packet.proto == ICMP:
        return replace(packet, dst=address, ident=port)
    return replace(packet, dst=address, dport=port)
