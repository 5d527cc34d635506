"""Who takes part in telling packets: the host, its jails, the panel, and strangers.

Source: reference ipfw §6.1.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import ip_interface

from apps.freebsd.firewall.address_tests import table_parts
from apps.freebsd.firewall.model import Clause, Firewall, Rule, Table, Term
from apps.freebsd.firewall.packet import HOST, OUTSIDE, Origin, World, from_jail
from apps.freebsd.firewall.places import Places, address_text, places_of, read_address

# addresses that nobody has (documentation, benchmarking), to stand for everybody else
_STRANGERS = {
    4: ("203.0.113.77", "198.51.100.77", "192.0.2.177", "198.18.77.77", "233.252.0.77"),
    6: ("2001:db8:ffff::77", "2001:db8:77::77", "3fff:77::77"),
}
_BITS = {4: 32, 6: 128}
Net = tuple[int, int, int]  # family, network, prefix length


@dataclass(frozen=True, slots=True)
class End:
    """One who sends or is sent to.

    Args:
        address: Its address.
        said: What to call it.
        origin: From where it sends.
    """

    address: str
    said: str
    origin: Origin = OUTSIDE

    @property
    def is_local(self) -> bool:
        """Whether it is the host or one of its jails."""
        return self.origin.kind is not OUTSIDE.kind

    @property
    def sender(self) -> str:
        """What to call it when it sends."""
        return f"the host ({self.address})" if self.origin == HOST else self.said

    @property
    def family(self) -> int:
        """4 or 6."""
        return 6 if ":" in self.address else 4


class Cast:
    """All who may take part, for the rules of some firewalls.

    Args:
        world: The host.
        firewalls: What their rules name nobody else may be.
    """

    def __init__(self, world: World, *firewalls: Firewall) -> None:
        self.world = world
        self.places: Places = places_of(world)
        self.tables: Mapping[str, Table] = {one.name: one for each in firewalls for one in each.tables}
        named = {net for each in firewalls for rule in each.rules for net in self._named(rule)}
        self.far = {family: self._stranger(family, named) for family in (4, 6)}
        self._many = {jail.name for jail in world.jails if len(jail.addresses) > 1}
        self.jails = [
            self.end_at(*read_address(text.partition("/")[0]))
            for jail in world.jails
            for text in jail.addresses
        ]
        self.hosts = self._host_ends()

    def _host_ends(self) -> list[End]:
        """The host's own addresses, the outside interface's first, without loopback's and the jails'."""
        ordered = sorted(self.world.interfaces, key=lambda one: one.name != self.world.outside)
        texts = (str(ip_interface(text).ip) for one in ordered for text in one.addresses)
        kept = (text for text in texts if not ip_interface(text).is_loopback)
        jails = {end.address for end in self.jails}
        return [End(text, text, HOST) for text in dict.fromkeys(kept) if text not in jails]

    def _stranger(self, family: int, named: Iterable[Net]) -> End:
        nets = [(net, _BITS[family] - prefix) for kind, net, prefix in named if kind == family and prefix]
        for text in _STRANGERS[family]:
            number = int(ip_interface(text).ip)
            is_named = any(number >> shift == net >> shift for net, shift in nets)
            if not is_named and not self.places.connected(family, number):
                return End(text, "anywhere")
        return End(_STRANGERS[family][0], "anywhere")

    def _named(self, rule: Rule) -> Iterable[Net]:
        for clause in rule.clauses:
            for term in clause:
                if term.name in ("src", "dst", "src-ip", "dst-ip", "src-ip6", "dst-ip6"):
                    yield from self.nets(term)

    def nets(self, term: Term) -> list[Net]:
        """Return the networks that an address term names; of a table, its first few."""
        if term.value.startswith("table("):
            table = self.tables.get(table_parts(term.value)[0])
            texts = [key for key, _value in table.entries[:3]] if table else []
        else:
            texts = [text.partition("{")[0] for text in term.value.split(",")]
        return [net for text in texts for net in _net(text)]

    def end_at(self, family: int, number: int) -> End:
        """Return who is at an address."""
        text = address_text(family, number)
        jail = self.places.owner(family, number)
        if jail:
            where = f" ({text})" if jail in self._many else ""
            return End(text, f"jail {jail}{where}", from_jail(jail))
        if self.places.is_local(family, number):
            return End(text, text, HOST)
        return End(text, "the panel" if text == self.world.panel else text)

    def within(self, net: Net) -> End:
        """Return somebody in a network: a jail or the host if it may be, else its first address."""
        family, base, prefix = net
        shift = _BITS[family] - prefix
        for end in (*self.jails, *self.hosts):
            if end.family == family and int(ip_interface(end.address).ip) >> shift == base >> shift:
                return end
        return self.end_at(family, base + (1 if shift > 1 else 0))

    def beside(self, net: Net) -> End:
        """Return the address just outside a network: the one after its last, or the one before its first."""
        family, base, prefix = net
        after = base + (1 << (_BITS[family] - prefix))
        return self.end_at(family, after if after < 1 << _BITS[family] else base - 1)

    def interface_of(self, end: End) -> str:
        """Return the interface in whose network somebody is; empty for strangers."""
        return self.places.connected(end.family, int(ip_interface(end.address).ip))

    def nearest(self, family: int) -> list[End]:
        """Return a jail and the host, so far as they have addresses of that family."""
        jails, hosts = ([end for end in ends if end.family == family] for ends in (self.jails, self.hosts))
        return [*jails[:1], *hosts[:1]]

    def of_clause(self, clause: Clause) -> list[End]:
        """Return who a clause of addresses means; nobody in particular where it says `any`."""
        found: list[End] = []
        for term in clause:
            if term.value in ("me", "me4", "me6"):
                family = 6 if term.value == "me6" else 4
                mine = [end for end in self.hosts if end.family == family][:2]
                found += [self.far[family]] if term.is_not else mine
            elif term.is_not:
                found += [self.far[family] for family in dict.fromkeys(net[0] for net in self.nets(term))]
            else:
                found += [self.within(net) for net in self.nets(term)[:3]]
        return found


def _net(text: str) -> Iterable[Net]:
    """Return the network that a text names; nothing for names and for `any`."""
    address, colon, mask = text.partition(":")
    try:
        net = ip_interface(f"{address}/{mask}" if colon and "." in address else text).network
    except ValueError:
        return ()
    return ((net.version, int(net.network_address), net.prefixlen),)
