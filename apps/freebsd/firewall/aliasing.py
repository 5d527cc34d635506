"""What libalias does with a packet at a NAT instance: its links, and the addresses that it rewrites.

Where libalias throws dice for a port, we take the lowest free one, so that the same conversation always
reads the same.

Source: reference ipfw §5.3.
"""

from __future__ import annotations

from typing import Final

from apps.freebsd.firewall.links import Link, Links
from apps.freebsd.firewall.model import NatInstance
from apps.freebsd.firewall.places import Places, address_text, read_address
from apps.freebsd.firewall.redirects import ANY, End, Way, address_pairs, is_readable, ways_of
from apps.freebsd.firewall.sight import ICMP, SCTP, TCP, UDP, Sight

_PRIVATE: Final = ((10 << 24, 0xFF000000), (0xAC100000, 0xFFF00000), (0xC0A80000, 0xFFFF0000))
_CARRIER: Final = (0x64400000, 0xFFC00000)  # 100.64/10
_QUERIES: Final = frozenset({0, 8, 13, 14, 15, 16, 17, 18})  # ICMP that asks or answers


class Alias:
    """One NAT instance with what it remembers."""

    def __init__(self, nat: NatInstance, places: Places) -> None:
        self.nat = nat
        self.ways = ways_of(nat)
        self.pairs = address_pairs(nat)
        self.links = Links()
        self.has_unread = not all(is_readable(redirect) for redirect in nat.redirects)
        self._turns: dict[Way, int] = {}
        self.address = self._own_address(places)

    def _own_address(self, places: Places) -> int | None:
        if self.nat.interface:
            return places.first_ipv4(self.nat.interface)
        return read_address(self.nat.address)[1] if self.nat.address else None

    def translate(self, sight: Sight, *, may_make: bool = True) -> str:
        """Rewrite a packet; return why it is dropped, or nothing.

        Args:
            sight: The packet, in its present pass; its addresses are changed.
            may_make: Whether a link may be made; `nat global` only looks for one.
        """
        if self.has_unread:
            sight.unsure.append(f"A redirect of NAT instance {self.nat.number} is not understood here.")
        if self.address is None:
            return f"NAT instance {self.nat.number} has no public address"
        goes_in = sight.is_in != ("reverse" in self.nat.options)
        return self._inwards(sight, may_make) if goes_in else self._outwards(sight, may_make)

    def knows(self, sight: Sight) -> bool:
        """Whether there is a link or a redirect for this packet already."""
        if sight.is_in != ("reverse" in self.nat.options):
            return bool(self._link_in(sight))
        return bool(self._link_out(sight))

    # outwards ----------------------------------------------------------------------------------------------

    def _outwards(self, sight: Sight, may_make: bool) -> str:
        if sight.fragment:
            sight.src = self._public_for(sight.src)
            return ""
        if _is_about_another(sight):
            sight.src = self._public_for(sight.src)
            return ""
        link = self._link_out(sight) or (self._new_out(sight) if may_make else None)
        if link is not None:
            _put_source(sight, link.alias)
        return ""

    def _link_out(self, sight: Sight) -> Link | None:
        local, remote = _ends(sight)
        found = self.links.outwards(sight.proto, local, remote)
        if found is not None:
            return found
        for way in self.ways:
            if way.proto == sight.proto and local in way.locals and _is_remote(way, remote):
                public = (way.public[0] or self._default_for(sight.src), way.public[1])
                return self.links.add(Link(sight.proto, local, public, remote))
        return None

    def _new_out(self, sight: Sight) -> Link:
        local, remote = _ends(sight)
        address = self._public_for(sight.src)
        port = local[1] and self._alias_port(sight.proto, address, local[1], remote)
        return self.links.add(Link(sight.proto, local, (address, port), remote))

    def _alias_port(self, proto: int, address: int, port: int, remote: End) -> int:
        wanted = port if "same_ports" in self.nat.options else 0x8000
        tried = (wanted, *range(0x8000, 0x10000))
        return next((one for one in tried if not self.links.inwards(proto, (address, one), remote)), wanted)

    def _public_for(self, source: int) -> int:
        for local, public in self.pairs:
            if source in local:
                return public
        return self._default_for(source)

    def _default_for(self, source: int) -> int:
        """Return the instance's address, or the source's own where it is not to be translated."""
        options = self.nat.options
        is_limited = not options.isdisjoint({"unreg_only", "unreg_cgn"})
        is_kept = not self._is_private(source) if is_limited else "proxy_only" in options
        return source if is_kept else self.address or ANY

    def _is_private(self, source: int) -> bool:
        nets = (*_PRIVATE, _CARRIER) if "unreg_cgn" in self.nat.options else _PRIVATE
        return any(source & mask == net for net, mask in nets)

    # inwards -----------------------------------------------------------------------------------------------

    def _inwards(self, sight: Sight, may_make: bool) -> str:
        if sight.fragment:
            return "it is a later fragment, without ports; a “reass” rule before the NAT rule mends it"
        link = None if _is_about_another(sight) else self._link_in(sight)
        if link is None:
            if "deny_in" in self.nat.options:
                return "NAT has no connection and no redirect for it, and deny_in is set"
            if not may_make or _is_about_another(sight):
                return ""
            link = self._new_in(sight)
        _put_destination(sight, link.local)
        return ""

    def _link_in(self, sight: Sight) -> Link | None:
        remote, public = _ends(sight)
        if sight.proto == ICMP:
            remote, public = (remote[0], 0), (public[0], sight.icmp_id)
        found = self.links.inwards(sight.proto, public, remote)
        if found is not None:
            return found
        way = self._way_in(sight.proto, public, remote)
        if way is None:
            return None
        return self.links.add(Link(sight.proto, self._next_local(way), public, remote))

    def _way_in(self, proto: int, public: End, remote: End) -> Way | None:
        fitting = [
            way
            for way in self.ways
            if way.proto == proto
            and way.public[1] == public[1]
            and (way.public[0] or self.address) == public[0]
            and _is_remote(way, remote)
        ]
        # the closest wins: one that names the sender, then one that names the address
        return max(fitting, key=lambda way: (way.remote != (ANY, 0), way.public[0] != ANY), default=None)

    def _next_local(self, way: Way) -> End:
        """Return whose turn it is among the servers of a pool."""
        turn = self._turns.get(way, 0)
        self._turns[way] = turn + 1
        return way.locals[turn % len(way.locals)]

    def _new_in(self, sight: Sight) -> Link:
        remote, public = _ends(sight)
        if sight.proto == ICMP:
            remote, public = (remote[0], 0), (public[0], sight.icmp_id)
        local = next((local[0] for local, found in self.pairs if found == public[0]), public[0])
        return self.links.add(Link(sight.proto, (local, public[1]), public, remote))

    def describe(self) -> str:
        """Return its number and address, for sentences."""
        return f"NAT instance {self.nat.number} ({address_text(4, self.address or 0)})"


def _is_about_another(sight: Sight) -> bool:
    """Whether it is an ICMP message that tells of trouble: it has no conversation of its own."""
    return sight.proto == ICMP and sight.icmp_type not in _QUERIES


def _is_remote(way: Way, remote: End) -> bool:
    address, port = way.remote
    return address in (ANY, remote[0]) and port in (0, remote[1])


def _ends(sight: Sight) -> tuple[End, End]:
    """Return source and destination as libalias keys them: of ICMP, the id stands for the source's port."""
    if sight.proto == ICMP:
        return (sight.src, sight.icmp_id), (sight.dst, 0)
    if sight.proto in (TCP, UDP, SCTP):
        return (sight.src, sight.sport), (sight.dst, sight.dport)
    return (sight.src, 0), (sight.dst, 0)


def _put_source(sight: Sight, end: End) -> None:
    sight.src = end[0]
    if sight.proto == ICMP:
        sight.icmp_id = end[1]
    elif sight.proto in (TCP, UDP, SCTP):
        sight.sport = end[1]


def _put_destination(sight: Sight, end: End) -> None:
    sight.dst = end[0]
    if sight.proto == ICMP:
        sight.icmp_id = end[1]
    elif sight.proto in (TCP, UDP, SCTP):
        sight.dport = end[1]
