"""Packets on their way through a host: which passes they make, and what becomes of them.

    trace(firewall, world, packets) → a Walk for each packet

States and NAT are kept from one packet to the next, so that a conversation reads as it would on the host.

Source: reference ipfw §5.3, §6.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from apps.freebsd.firewall.fates import fate_of_end, fate_of_pass, never_sent
from apps.freebsd.firewall.matching import ready
from apps.freebsd.firewall.model import Firewall
from apps.freebsd.firewall.packet import From, Origin, Packet, World
from apps.freebsd.firewall.places import places_of, read_address
from apps.freebsd.firewall.replies import reply_to
from apps.freebsd.firewall.sight import ICMP, Sight
from apps.freebsd.firewall.walk import Fate, Pass, Verdict, Walk
from apps.freebsd.firewall.walking import Kernel


def trace(
    firewall: Firewall, world: World, packets: Iterable[Packet], *, chance: bool = True
) -> tuple[Walk, ...]:
    """Walk packets, one after the other, as parts of one conversation.

    Args:
        firewall: The rules and all that belongs to them.
        world: The host.
        packets: In the order in which they are sent.
        chance: Whether rules that match by chance (`prob`) are taken.

    Returns:
        A walk for each packet.

    Raises:
        ValueError: A packet's address or protocol is none, or its addresses are of different families.

    Source: reference ipfw §6.
    """
    tracer = Tracer(firewall, world, chance=chance)
    return tuple(tracer.walk(packet) for packet in packets)


class Tracer:
    """A host in front of which packets are sent one by one.

    Args:
        firewall: The rules.
        world: The host.
        is_recording: Whether rules that did not match get a line; without them it is quicker.
        chance: Whether rules with `prob` are taken.
    """

    def __init__(
        self, firewall: Firewall, world: World, *, is_recording: bool = True, chance: bool = True
    ) -> None:
        self.places = places_of(world)
        self.world = world
        self.kernel = Kernel(ready(firewall), self.places, is_recording=is_recording, chance=chance)
        self._last: Walk | None = None

    def walk(self, packet: Packet) -> Walk:
        """Send a packet; return what became of it.

        Raises:
            ValueError: Its addresses or its protocol are none.
        """
        self.kernel.now_s += packet.after_s
        sent = self._sent(packet)
        if sent is None:
            self._last = Walk(packet, (), never_sent())
            return self._last
        sight = Sight(sent, self.places, self.kernel.ready.tables)
        passes, fate = self._send(sight, sent.origin)
        doubts = tuple(dict.fromkeys(sight.unsure))
        self._last = Walk(sent, passes, fate, doubts, sight.icmp_id if sight.proto == ICMP else 0)
        return self._last

    def switch(self, firewall: Firewall) -> None:
        """Let another firewall take over, as when sets are switched, and keep what the kernel keeps.

        Translations stay. A state stays while its parent rule is there, even in a disabled set.

        Source: reference ipfw §0.8, §0.11, §6.8.
        """
        self.kernel.switch(ready(firewall))

    def _sent(self, packet: Packet) -> Packet | None:
        """Return a packet with all its addresses; None for a reply to what did not arrive."""
        if packet.is_reply:
            return reply_to(packet, self._last, self.world) if self._last else None
        if packet.src:
            return packet
        return replace(packet, src=self._own_source(packet))

    def _own_source(self, packet: Packet) -> str:
        family, number = read_address(packet.dst)
        if packet.origin.kind is From.JAIL:
            held = (jail.addresses for jail in self.world.jails if jail.name == packet.origin.name)
            addresses = (text.partition("/")[0] for texts in held for text in texts)
            return next((text for text in addresses if read_address(text)[0] == family), "")
        return self.places.usual_source(family, number) if packet.origin.kind is From.HOST else ""

    def _send(self, sight: Sight, origin: Origin) -> tuple[tuple[Pass, ...], Fate]:
        """Choose the first pass: what comes over a wire goes in, what the host sends goes out."""
        if origin.kind is From.OUTSIDE:
            return self._arrive(sight, origin.name or self.world.outside, ())
        if origin.kind is From.JAIL:
            jail = next((one for one in self.world.jails if one.name == origin.name), None)
            if jail and jail.interface:
                return self._arrive(sight, jail.interface, ())
            sight.jid = jail.jid if jail else None
        return self._depart(sight, ())

    def _arrive(
        self, sight: Sight, interface: str, before: tuple[Pass, ...]
    ) -> tuple[tuple[Pass, ...], Fate]:
        """An in pass; then it is here, or is forwarded."""
        sight.enter(interface)
        passed = self.kernel.walk(sight)
        passes = (*before, passed)
        if passed.verdict is not Verdict.ACCEPTED:
            return passes, fate_of_pass(passed, sight)
        if sight.next_hop and not self.places.is_local(*read_address(sight.next_hop)):
            return self._depart(sight, passes)
        if sight.next_hop or self.places.is_local(sight.family, sight.dst):
            return passes, fate_of_end(passed, sight, "")
        behind = self.places.behind.get((sight.family, sight.dst))
        if not (self.world.is_router or behind or self._is_wire(interface)):
            return passes, fate_of_end(passed, sight, None)
        return self._depart(sight, passes)

    def _is_wire(self, interface: str) -> bool:
        """Whether a jail with a network stack of its own is behind it: then the host must be a router."""
        return any(jail.interface == interface for jail in self.world.jails)

    def _depart(self, sight: Sight, before: tuple[Pass, ...]) -> tuple[tuple[Pass, ...], Fate]:
        """An out pass; then it is sent, or comes back over loopback."""
        sight.leave(self._way(sight))
        aimed_at = sight.dst
        passed = self.kernel.walk(sight)
        passes = (*before, passed)
        if passed.verdict is not Verdict.ACCEPTED:
            return passes, fate_of_pass(passed, sight)
        if not sight.next_hop and self.places.goes_through_loopback(sight.family, sight.dst):
            if sight.dst != aimed_at:  # by NAT: what is the host's own then skips the way in
                return passes, fate_of_end(passed, sight, "")
            return self._arrive(sight, self.world.loopback, passes)
        return passes, fate_of_end(passed, sight, self._way(sight))

    def _way(self, sight: Sight) -> str:
        """Return the interface on which a packet is sent: towards fwd's next host, if there is one."""
        return self.places.route(
            *(read_address(sight.next_hop) if sight.next_hop else (sight.family, sight.dst))
        )
