"""Conversations made for telling: a first packet, its answer, and of TCP what follows."""

from __future__ import annotations

from dataclasses import dataclass, replace

from apps.freebsd.firewall.compare import Conversation, kind_said
from apps.freebsd.firewall.packet import ACK, OUTSIDE, SYN, Origin, Packet
from apps.freebsd.firewall.telling_cast import Cast, End

_FIRST_PORT = 50000  # of whoever asks


@dataclass(frozen=True, slots=True)
class Wish:
    """What a conversation is to be like.

    Args:
        proto: Its protocol.
        port: That is asked for; 0 where there are none.
        source_port: From which it is asked; 0 for any.
        icmp_type: Of ICMP; None for a ping.
        is_established: Whether it is under way already.
        interface: On which it is to come in from outside; empty for the outside interface.
    """

    proto: str = "tcp"
    port: int = 80
    source_port: int = 0
    icmp_type: int | None = None
    is_established: bool = False
    interface: str = ""


def conversation(wish: Wish, source: End, destination: End, cast: Cast) -> Conversation:
    """Return a packet and its answer, and of a new TCP connection the packet after them.

    Args:
        wish: What it is to be like.
        source: Who sends.
        destination: To whom.
        cast: Who takes part.
    """
    is_tcp = wish.proto == "tcp"
    packet = Packet(
        origin=_origin(wish, source, cast),
        proto=_proto(wish.proto, source),
        src=source.address,
        dst=destination.address,
        sport=(wish.source_port or _FIRST_PORT) if wish.port else 0,
        dport=wish.port,
        flags=(ACK if wish.is_established else SYN) if is_tcp else frozenset(),
        icmp_type=_icmp_type(wish, source),
    )
    under_way = ", under way" if wish.is_established else ""
    port = f" port {wish.source_port}" if wish.source_port and wish.port else ""
    said = f"From {source.sender}{port} to {destination.said}{kind_said(packet)}{under_way}"
    first = replace(packet, said=said)
    answer = Packet(is_reply=True)
    if first.flags == SYN:
        return (first, answer, answer)  # a rule that lets only the SYN in shows at the third packet
    return (first, answer) if _is_answered(first) else (first,)


def _is_answered(packet: Packet) -> bool:
    """ICMP that is no query gets no answer."""
    return "icmp" not in packet.proto or packet.icmp_type in (8, 13, 15, 17, 128)


def _origin(wish: Wish, source: End, cast: Cast) -> Origin:
    """Who is in a network of the host's comes in on its interface."""
    if source.is_local:
        return source.origin
    wanted = wish.interface if source.said == "anywhere" else ""
    name = wanted or cast.interface_of(source) or cast.world.outside
    return OUTSIDE if name == cast.world.outside else Origin(name=name)


def _proto(proto: str, source: End) -> str:
    """ICMP of IPv6 is a protocol of its own."""
    return "ipv6-icmp" if proto == "icmp" and source.family == 6 else proto


def _icmp_type(wish: Wish, source: End) -> int:
    return (128 if source.family == 6 else 8) if wish.icmp_type is None else wish.icmp_type
