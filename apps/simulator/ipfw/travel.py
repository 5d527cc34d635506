"""The whole way of a packet: made here or come from outside, its passes through the rules, where it ends.

Source: reference ipfw.md §6.1.
"""

from __future__ import annotations

from dataclasses import dataclass

from apps.simulator.ipfw.packets import Packet, arriving, leaving
from apps.simulator.ipfw.roads import LOOPBACK
from apps.simulator.ipfw.walk import ACCEPTED, DROPPED, Walk, Walker

DELIVERED, SENT = "delivered", "sent"


@dataclass(frozen=True, slots=True)
class Journey:
    """A packet's way.

    Attributes:
        fate: DELIVERED to an address of this host, SENT out of it, or the fate of the pass that it did not
            survive; what nobody takes or sends on is dropped.
        packet: as it was at its end.
        walks: its passes.
    """

    fate: str
    packet: Packet
    walks: tuple[Walk, ...]

    @property
    def arrived(self) -> bool:
        """It was neither dropped nor kept."""
        return self.fate in (DELIVERED, SENT)


def made_here(walker: Walker, packet: Packet) -> Journey:
    """Send a packet that the host itself or one of its jails makes.

    Args:
        walker: with the host's rules.
        packet: what is sent.
    """
    return _go_out(walker, packet, walker.roads.way_to(packet.dst), set())


def from_outside(walker: Walker, packet: Packet, interface: str = "") -> Journey:
    """Let a packet come in.

    Args:
        walker: with the host's rules.
        packet: what comes.
        interface: by which it comes; empty is the one that leads to everyone else.
    """
    return _come_in(walker, packet, interface or walker.roads.default, set(), ())


def _go_out(walker: Walker, packet: Packet, way: str, tags: set[int]) -> Journey:
    walk = walker.walk(packet, leaving(way), tags)
    moved = walk.next_hop or walk.packet.dst != packet.dst
    if walk.fate != ACCEPTED or moved or way != LOOPBACK:
        return Journey(_left(walker, packet, walk), walk.packet, (walk,))
    return _come_in(walker, walk.packet, LOOPBACK, tags, (walk,))


def _left(walker: Walker, packet: Packet, walk: Walk) -> str:
    """Say what becomes of a packet after its pass out: sent, or kept where that pass has sent it elsewhere.

    Such a packet is looked at no more.
    """
    if walk.fate != ACCEPTED:
        return walk.fate
    if walk.next_hop or walk.packet.dst != packet.dst:
        return _at(walker, walk.next_hop or walk.packet.dst)
    return SENT


def _come_in(
    walker: Walker, packet: Packet, interface: str, tags: set[int], before: tuple[Walk, ...]
) -> Journey:
    walk = walker.walk(packet, arriving(interface), tags)
    walks = (*before, walk)
    if walk.fate != ACCEPTED:
        return Journey(walk.fate, walk.packet, walks)
    if _at(walker, walk.next_hop or walk.packet.dst) == DELIVERED:
        return Journey(DELIVERED, walk.packet, walks)
    if not walk.next_hop and not walker.roads.forwards:
        return Journey(DROPPED, walk.packet, walks)
    way = walker.roads.way_to(walk.next_hop or walk.packet.dst)
    onward = walker.walk(walk.packet, leaving(way, interface), tags)
    return Journey(_left(walker, walk.packet, onward), onward.packet, (*walks, onward))


def _at(walker: Walker, address: str) -> str:
    """Say what becomes of a packet that goes to an address: it stays here, or is sent."""
    return DELIVERED if address in walker.roads.own else SENT
