"""A packet, and where a firewall meets it.

Source: reference ipfw.md §6.1, §6.2.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

ICMP, TCP, UDP, ICMP6, SCTP, UDPLITE = 1, 6, 17, 58, 132, 136
WITH_PORTS = frozenset({TCP, UDP, UDPLITE, SCTP})
ECHO_ANSWERS = {8: 0, 128: 129}


@dataclass(frozen=True, slots=True)
class Packet:
    """What a rule can see of a packet.

    Attributes:
        proto: its protocol's number.
        src: the sender's address, in its shortest form.
        dst: likewise.
        sport: the sender's port; 0 without ports.
        dport: likewise.
        flags: TCP's: among fin, syn, rst, psh, ack, urg.
        icmp_type: of ICMP and ICMPv6; None for others.
        ident: ICMP's id, which a NAT instance treats as a port.
        length: of the whole packet in bytes.
        offset: of a fragment, in bytes; 0 for the first one, and for whole packets.
        more: more fragments follow.
        ip_id: what holds fragments together.
        ttl: how many hops are left.
        jid: jail of the local socket that it belongs to; None when no socket of this host is known.
        uid: user of that socket; likewise.
    """

    proto: int
    src: str
    dst: str
    sport: int = 0
    dport: int = 0
    flags: frozenset[str] = frozenset()
    icmp_type: int | None = None
    ident: int = 0
    length: int = 60
    offset: int = 0
    more: bool = False
    ip_id: int = 0
    ttl: int = 64
    jid: int | None = None
    uid: int | None = None

    @property
    def version(self) -> int:
        """4 or 6."""
        return 6 if ":" in self.src else 4

    @property
    def is_fragment(self) -> bool:
        """It is a part of a packet."""
        return self.more or self.offset > 0

    @property
    def shows_ports(self) -> bool:
        """Its header with the ports is there to be looked at."""
        return self.proto in WITH_PORTS and not self.offset

    def reply(self, flags: frozenset[str] = frozenset()) -> Packet:
        """Turn it round; an echo request becomes the answer.

        Args:
            flags: the answer's, for TCP.
        """
        kind = None if self.icmp_type is None else ECHO_ANSWERS.get(self.icmp_type, self.icmp_type)
        turned = replace(self, src=self.dst, dst=self.src, sport=self.dport, dport=self.sport)
        return replace(turned, flags=flags, icmp_type=kind, jid=None, uid=None)


@dataclass(frozen=True, slots=True)
class Hop:
    """One meeting of a packet with the firewall.

    Attributes:
        leaving: it goes out, so that there is an interface which it leaves by.
        interface: by which it came, or by which it goes.
        received: by which it came into the host; empty when it was made here.
    """

    leaving: bool
    interface: str
    received: str = ""


def arriving(interface: str) -> Hop:
    """Give the pass of a packet that comes in.

    Args:
        interface: by which it comes; lo0 for what a host says to itself.
    """
    return Hop(leaving=False, interface=interface, received=interface)


def leaving(interface: str, received: str = "") -> Hop:
    """Give the pass of a packet that goes out.

    Args:
        interface: by which it goes.
        received: by which it came, when it is forwarded.
    """
    return Hop(leaving=True, interface=interface, received=received)
