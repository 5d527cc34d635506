"""Packets that people typed, sent through a firewall: what cannot be sent is said in a sentence."""

from __future__ import annotations

from collections.abc import Sequence

from apps.freebsd.errors import InvalidInput
from apps.freebsd.firewall.model import Firewall
from apps.freebsd.firewall.packet import From, Packet, World
from apps.freebsd.firewall.sight import proto_number
from apps.freebsd.firewall.trace import trace
from apps.freebsd.firewall.walk import Walk


def walks(firewall: Firewall, world: World, packets: Sequence[Packet]) -> tuple[Walk, ...]:
    """Walk packets through a firewall, as parts of one conversation.

    Raises:
        InvalidInput: One of them cannot be sent on this host.
    """
    for packet in packets:
        _refuse(packet, world)
    try:
        return trace(firewall, world, packets)
    except ValueError:
        sentence = "Whoever sends this has no address for it on this host: say a source."
        raise InvalidInput(sentence, field="packet") from None


def _refuse(packet: Packet, world: World) -> None:
    name = packet.origin.name
    if packet.origin.kind is From.JAIL and all(jail.name != name for jail in world.jails):
        raise InvalidInput(f"The panel knows no jail “{name}” with an address on this host.", field="packet")
    try:
        proto_number(packet.proto)
    except ValueError:
        raise InvalidInput(
            f"“{packet.proto}” is no protocol that the tracer knows.", field="packet"
        ) from None
