"""Whether the panel's own SSH gets through a firewall, by the tracer. Pure."""

from __future__ import annotations

from ipaddress import ip_interface

from apps.freebsd.errors import InvalidInput
from apps.freebsd.firewall.model import Firewall
from apps.freebsd.firewall.packet import HOST, OUTSIDE, Packet, World
from apps.freebsd.firewall.trace import trace

NOT_KNOWN = (
    "The panel does not know from where it reaches this host, so it cannot tell whether these rules let it "
    "in. The host takes them back by itself if they do not."
)
_ANY_PORT = 50022


def panel_trouble(firewall: Firewall, world: World, panel: str, port: int) -> str:
    """Return why the panel would not reach a host with this firewall; empty when it would.

    Args:
        firewall: The rules.
        world: The host.
        panel: From where the panel's connection comes; empty when not known.
        port: Where it goes to.
    """
    own = own_address(world, panel) if panel else ""
    if not own:
        return NOT_KNOWN
    packets = [
        Packet(OUTSIDE, "tcp", panel, own, _ANY_PORT, port, frozenset({"syn"}), said="the panel's SSH"),
        Packet(HOST, "tcp", own, panel, port, _ANY_PORT, frozenset({"syn", "ack"}), said="the host's answer"),
        Packet(OUTSIDE, "tcp", panel, own, _ANY_PORT, port, frozenset({"ack"}), said="the panel's SSH"),
    ]
    try:
        walks = trace(firewall, world, packets)
    except (ValueError, InvalidInput):
        return NOT_KNOWN
    lost = next((walk for walk in walks if not walk.fate.arrives), None)
    if lost is None:
        return ""
    said = lost.packet.said
    return f"These rules would cut the panel off: {said} ({panel}) does not get through. {lost.fate.sentence}"


def own_address(world: World, panel: str) -> str:
    """Return the address at which the panel finds the host, best the outside one; empty when it has none."""
    version = 6 if ":" in panel else 4
    first = [one for one in world.interfaces if one.name == world.outside]
    others = [one for one in world.interfaces if one.name not in (world.outside, world.loopback)]
    found = [ip_interface(text).ip for one in (*first, *others) for text in one.addresses]
    return next((str(ip) for ip in found if ip.version == version), "")
