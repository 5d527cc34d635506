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
    way = walker.roads.way_to(packet.dst)
    tags: set[int] = set()
    walk = walker.walk(packet, leaving(way), tags)
    if walk.fate != ACCEPTED or way != LOOPBACK:
        return Journey(SENT if walk.fate == ACCEPTED else walk.fate, walk.packet, (walk,))
    return _come_in(walker, walk.packet, LOOPBACK, tags, (walk,))


def from_outside(walker: Walker, packet: Packet, interface: str = "") -> Journey:
    """Let a packet come in.

    Args:
        walker: with the host's rules.
        packet: what comes.
        interface: by which it comes; empty is the one that leads to everyone else.
    """
    return _come_in(walker, packet, interface or walker.roads.default, set(), ())


def _come_in(
    walker: Walker, packet: Packet, interface: str, tags: set[int], before: tuple[Walk, ...]
) -> Journey:
    walk = walker.walk(packet, arriving(interface), tags)
    walks = (*before, walk)
    if walk.fate != ACCEPTED:
        return Journey(walk.fate, walk.packet, walks)
    if walk.packet.dst in walker.roads.own:
        return Journey(DELIVERED, walk.packet, walks)
    if not walker.roads.forwards:
        return Journey(DROPPED, walk.packet, walks)
    onward = walker.walk(walk.packet, leaving(walker.roads.way_to(walk.packet.dst), interface), tags)
    fate = SENT if onward.fate == ACCEPTED else onward.fate
    return Journey(fate, onward.packet, (*walks, onward))
