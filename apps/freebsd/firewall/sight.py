"""What the rules see of a packet in one pass.

Source: reference ipfw §6.2, §6.4.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from apps.freebsd.firewall.packet import Packet
from apps.freebsd.firewall.places import Places, address_text, read_address
from apps.freebsd.firewall.walk import Addresses

PROTO_NUMBERS: Final[Mapping[str, int]] = {
    "icmp": 1, "igmp": 2, "ggp": 3, "ipencap": 4, "ipip": 4, "tcp": 6, "egp": 8, "igp": 9, "udp": 17,
    "rdp": 27, "dccp": 33, "ipv6-route": 43, "ipv6-frag": 44, "rsvp": 46, "gre": 47, "esp": 50, "ah": 51,
    "ipv6-icmp": 58, "icmp6": 58, "ipv6-nonxt": 59, "ipv6-opts": 60, "eigrp": 88, "ospf": 89, "etherip": 97,
    "encap": 98, "pim": 103, "ipcomp": 108, "vrrp": 112, "carp": 112, "l2tp": 115, "sctp": 132,
    "udplite": 136,
}  # fmt: skip
_PROTO_NAMES = {number: name for name, number in reversed(list(PROTO_NUMBERS.items()))}
ICMP, TCP, UDP, ICMP6, SCTP, UDPLITE = 1, 6, 17, 58, 132, 136
WITH_PORTS: Final = frozenset({TCP, UDP, SCTP, UDPLITE})
FLAG_BITS: Final[Mapping[str, int]] = {"fin": 1, "syn": 2, "rst": 4, "psh": 8, "ack": 16, "urg": 32}
FIN_BIT, SYN_BIT, RST_BIT, ACK_BIT = 1, 2, 4, 16


def proto_number(text: str) -> int:
    """Return a protocol's number.

    Raises:
        ValueError: We know no protocol of that name.
    """
    known = PROTO_NUMBERS.get(text)
    return int(text) if known is None else known


def proto_text(number: int) -> str:
    """Return a protocol's name, or its number."""
    return _PROTO_NAMES.get(number, str(number))


class Sight:
    """A packet's header as it is now, and where the pass takes place.

    It is the one thing here that changes: NAT rewrites it, tags are put on it, a pass sets its direction.
    """

    __slots__ = (
        "dport", "dst", "family", "flags", "fragment", "has_ports", "icmp_id", "icmp_type", "is_in", "jid",
        "more", "next_hop", "packet", "places", "proto", "recv", "sport", "src", "table_value", "tables",
        "tags", "unsure", "via", "xmit",
    )  # fmt: skip

    def __init__(self, packet: Packet, places: Places, tables: Tables) -> None:
        """Read a packet. Its source and destination must be given.

        Raises:
            ValueError: An address or the protocol is none, or the two are of different families.
        """
        self.packet = packet
        self.places = places
        self.tables = tables
        self.family, self.src = read_address(packet.src)
        family, self.dst = read_address(packet.dst)
        if family != self.family:
            raise ValueError(f"{packet.src} and {packet.dst} are of different kinds.")
        self.proto = proto_number(packet.proto)
        self.flags = sum(FLAG_BITS.get(flag, 0) for flag in packet.flags) if self.proto == TCP else 0
        self.icmp_type = packet.icmp_type
        self.icmp_id = packet.icmp_id
        self.tags: set[int] = set()
        self.unsure: list[str] = []
        self.table_value = ""
        self.is_in = True
        self.recv = self.xmit = self.via = ""
        self.jid: int | None = None
        self.next_hop = ""
        self.fragment = packet.fragment_offset
        self.more = packet.has_more_fragments
        self.has_ports = self.proto in WITH_PORTS and not self.fragment
        self.sport = packet.sport if self.has_ports else 0
        self.dport = packet.dport if self.has_ports else 0

    def enter(self, interface: str) -> None:
        """Begin an in pass."""
        self.is_in = True
        self.recv = self.via = interface
        self.xmit = ""

    def leave(self, interface: str) -> None:
        """Begin an out pass; where it arrived stays known for what is forwarded."""
        self.is_in = False
        self.xmit = self.via = interface

    @property
    def src_text(self) -> str:
        """The source address."""
        return address_text(self.family, self.src)

    @property
    def dst_text(self) -> str:
        """The destination address."""
        return address_text(self.family, self.dst)

    @property
    def addresses(self) -> Addresses:
        """What it bears now."""
        return Addresses(proto_text(self.proto), self.src_text, self.sport, self.dst_text, self.dport)


class Tables:
    """The firewall's tables, looked up by the longest match."""

    def __init__(self, tables: Sequence[tuple[str, Sequence[tuple[str, str]]]]) -> None:
        self._nets: dict[str, dict[tuple[int, int], dict[int, str]]] = {}
        self._words: dict[str, dict[str, str]] = {}
        for name, entries in tables:
            self._nets[name] = {}
            self._words[name] = dict(entries)
            for key, value in entries:
                self._add(name, key, value)

    def _add(self, name: str, key: str, value: str) -> None:
        address, _, length = key.partition("/")
        try:
            family, number = read_address(address)
        except ValueError:
            return  # a table of interfaces or numbers: found as words
        bits = 32 if family == 4 else 128
        prefix = int(length or bits)
        nets = self._nets[name].setdefault((family, prefix), {})
        nets[number >> (bits - prefix)] = value

    def address_value(self, name: str, family: int, number: int) -> str | None:
        """Return the value of the longest network that holds an address; None when none does."""
        bits = 32 if family == 4 else 128
        found = None
        longest = -1
        for (kind, prefix), nets in self._nets.get(name, {}).items():
            if kind == family and prefix > longest:
                value = nets.get(number >> (bits - prefix))
                if value is not None:
                    found, longest = value, prefix
        return found

    def word_value(self, name: str, word: str) -> str | None:
        """Return the value of an interface or a number; None when it is not in the table."""
        return self._words.get(name, {}).get(word)

    def has(self, name: str) -> bool:
        """Whether there is such a table."""
        return name in self._nets
