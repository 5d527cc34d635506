"""A packet that is to be traced, and the host that it meets.

Source: reference ipfw §6.1.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address

LOOPBACK = "lo0"


class From(StrEnum):
    """Who sends a packet."""

    OUTSIDE = "outside"
    JAIL = "jail"
    HOST = "host"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a packet comes from.

    Args:
        kind: Somebody outside, a jail, or the host itself.
        name: Of the interface on which it arrives (empty: the world's outside interface), or of the jail.
    """

    kind: From = From.OUTSIDE
    name: str = ""


OUTSIDE = Origin()
HOST = Origin(From.HOST)


def from_jail(name: str) -> Origin:
    """Return the origin of what this jail sends."""
    return Origin(From.JAIL, name)


@dataclass(frozen=True, slots=True)
class Packet:
    """What the rules can test of a packet.

    Args:
        origin: Who sends it.
        proto: Name or number: `tcp`, `udp`, `icmp`, `ipv6-icmp`, `gre`, `47`, … .
        src: Source address; empty for what the sender would take by itself. IPv4 or IPv6, as `dst` is.
        dst: Destination address; may be empty in a reply.
        sport: Source port, of tcp, udp, udplite and sctp.
        dport: Destination port.
        flags: TCP's flags among syn, ack, fin, rst, psh, urg.
        icmp_type: Of icmp and ipv6-icmp.
        icmp_id: Of a query and its answer; NAT treats it as it treats ports.
        fragment_offset: In bytes; above 0 for a later fragment, which has no ports in it.
        has_more_fragments: Whether fragments follow.
        is_unfragmentable: Whether DF is set.
        length: Of the whole packet, in bytes.
        ttl: Hops left.
        tos: The byte of type of service (DSCP and ECN).
        ip_id: The identification.
        is_reply: Whether it answers the packet before it: origin, protocol, addresses and ports then follow
            from where that one arrived and with which addresses; what is given here of them is not looked at.
        after_s: Seconds since the packet before it; states grow old by it.
        said: What to call it in sentences; empty for a name made of its addresses.
    """

    origin: Origin = OUTSIDE
    proto: str = "tcp"
    src: str = ""
    dst: str = ""
    sport: int = 0
    dport: int = 0
    flags: frozenset[str] = frozenset()
    icmp_type: int = 8
    icmp_id: int = 1
    fragment_offset: int = 0
    has_more_fragments: bool = False
    is_unfragmentable: bool = False
    length: int = 60
    ttl: int = 64
    tos: int = 0
    ip_id: int = 1
    is_reply: bool = False
    after_s: float = 0
    said: str = ""


SYN = frozenset({"syn"})
SYN_ACK = frozenset({"syn", "ack"})
ACK = frozenset({"ack"})


@dataclass(frozen=True, slots=True)
class Interface:
    """An interface of the host.

    Args:
        name: `re0`, `lo1`, `bridge0`.
        addresses: With their prefix lengths: `192.0.2.10/24`; the first IPv4 one is the interface's own.
    """

    name: str
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class JailPlace:
    """A jail as the firewall sees it.

    Args:
        name: As in `jls`.
        addresses: Without prefix lengths.
        interface: The host's end of its own network stack's wire (`epair0a`); empty for a jail that shares
            the host's stack, whose addresses are the host's own.
        jid: Its number now; None when not known.
    """

    name: str
    addresses: tuple[str, ...] = ()
    interface: str = ""
    jid: int | None = None


@dataclass(frozen=True, slots=True)
class World:
    """The host around the firewall.

    Args:
        interfaces: All of them; jails' addresses may be among theirs.
        jails: All of them.
        outside: The interface that leads to everybody else (the default route's).
        is_router: Whether packets for others are forwarded (net.inet.ip.forwarding).
        loopback: The interface of the host's traffic with itself and with its jails.
        panel: The address from which the panel comes; empty when not known.
        ssh_port: On which the host's sshd listens.
    """

    interfaces: tuple[Interface, ...] = ()
    jails: tuple[JailPlace, ...] = ()
    outside: str = ""
    is_router: bool = False
    loopback: str = LOOPBACK
    panel: str = ""
    ssh_port: int = 22


def family_of(address: str) -> int:
    """Return 4 or 6.

    Raises:
        ValueError: It is no address.
    """
    return ip_address(address).version
