"""The answer to a packet: from where it arrived, with the addresses that it bore then, turned round.

Source: reference ipfw §6.1.
"""

from __future__ import annotations

from dataclasses import replace

from apps.freebsd.firewall.packet import HOST, Origin, Packet, World, from_jail
from apps.freebsd.firewall.walk import Ending, Walk

_ANSWERS = {8: 0, 13: 14, 15: 16, 17: 18, 128: 129}  # ICMP queries and their answers, IPv6's echo at the end


def reply_to(packet: Packet, last: Walk, world: World) -> Packet | None:
    """Return a reply with all that it takes over; None when the packet before it did not arrive.

    Args:
        packet: The reply as it was asked for; its flags stay, if it has any.
        last: The walk of what it answers.
        world: The host.
    """
    if not last.fate.arrives or last.fate.addresses is None:
        return None
    at = last.fate.addresses
    return replace(
        packet,
        origin=_origin(last, world),
        proto=at.proto,
        src=at.dst,
        dst=at.src,
        sport=at.dport,
        dport=at.sport,
        flags=packet.flags or _flags(last.packet),
        icmp_type=_ANSWERS.get(last.packet.icmp_type, last.packet.icmp_type),
        icmp_id=last.icmp_id or last.packet.icmp_id,
    )


def _origin(last: Walk, world: World) -> Origin:
    if last.fate.ending is Ending.SENT:
        return Origin(name=last.fate.interface or world.outside)
    return from_jail(last.fate.jail) if last.fate.jail else HOST


def _flags(before: Packet) -> frozenset[str]:
    """SYN is answered by SYN and ACK; everything else by ACK."""
    if before.proto not in ("tcp", "6"):
        return frozenset()
    return frozenset({"syn", "ack"}) if before.flags == {"syn"} else frozenset({"ack"})
