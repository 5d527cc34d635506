"""Which packets change their fate when one firewall takes the place of another.

Source: reference ipfw §6.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from apps.freebsd.firewall.model import Firewall
from apps.freebsd.firewall.packet import Packet, World
from apps.freebsd.firewall.trace import Tracer
from apps.freebsd.firewall.walk import Ending, Fate, Walk

Conversation = tuple[Packet, ...]


@dataclass(frozen=True, slots=True)
class ChangedFate:
    """A conversation that goes otherwise.

    Args:
        conversation: Its packets, as they were asked for.
        place: Of the first packet that fares otherwise; 1 is the answer to the first.
        before: Its walk through the old firewall; it has lines only where something happened.
        after: Its walk through the new one.
        sentence: “From anywhere to 192.0.2.10 port 22: was denied by rule 65535, now goes to jail web.”
    """

    conversation: Conversation
    place: int
    before: Walk
    after: Walk
    sentence: str

    @property
    def is_opened(self) -> bool:
        """Whether it got nowhere before and arrives now."""
        return self.after.fate.arrives and not self.before.fate.arrives

    @property
    def is_closed(self) -> bool:
        """Whether it arrived before and gets nowhere now."""
        return self.before.fate.arrives and not self.after.fate.arrives


def changed_fates(
    before: Firewall, after: Firewall, world: World, packets: Iterable[Packet | Conversation]
) -> tuple[ChangedFate, ...]:
    """Send the same packets through two firewalls, each conversation on its own.

    Args:
        before: What decides now.
        after: What is to decide.
        world: The host.
        packets: Conversations, or single packets.

    Returns:
        Those that end otherwise, in the order in which they were given. Which rule denies a packet, or lets
        it through to the same end, is no difference.

    Raises:
        ValueError: A packet's address or protocol is none.
    """
    conversations = (one if isinstance(one, tuple) else (one,) for one in packets)
    found = (_compared(before, after, world, conversation) for conversation in conversations)
    return tuple(one for one in found if one is not None)


def _compared(
    before: Firewall, after: Firewall, world: World, conversation: Conversation
) -> ChangedFate | None:
    old, new = (Tracer(firewall, world, is_recording=False) for firewall in (before, after))
    for place, packet in enumerate(conversation):
        was, now = old.walk(packet), new.walk(packet)
        if _end(was.fate) != _end(now.fate):
            sentence = f"{_said(conversation, place, now)}: {_past(was.fate)}, now {_present(now.fate)}."
            return ChangedFate(conversation, place, was, now, sentence)
    return None


def _end(fate: Fate) -> tuple[object, ...]:
    """Return what two fates are compared by."""
    if fate.arrives:
        return (fate.ending, fate.jail, fate.interface, fate.addresses)
    return (Ending.HANDED,) if fate.ending is Ending.HANDED else ()


def _said(conversation: Conversation, place: int, walk: Walk) -> str:
    first = conversation[0]
    said = first.said or packet_said(first if first.src else walk.packet)
    later = {0: "", 1: ", the answer", 2: ", the packet after the answer"}
    return said + later.get(place, f", packet {place + 1}")


def packet_said(packet: Packet) -> str:
    """Return a packet's name: “From 198.51.100.7 to 192.0.2.10 port 22”."""
    return f"From {packet.src} to {packet.dst}{kind_said(packet)}"


def kind_said(packet: Packet) -> str:
    """Return its port and protocol, to be put behind the addresses."""
    if packet.proto == "tcp":
        return f" port {packet.dport}"
    if packet.dport:
        return f" port {packet.dport} ({packet.proto})"
    if packet.proto in ("icmp", "ipv6-icmp"):
        is_ping = packet.icmp_type == (8 if packet.proto == "icmp" else 128)
        return " (ping)" if is_ping else f" ({packet.proto} type {packet.icmp_type})"
    return f" ({packet.proto})"


def _past(fate: Fate) -> str:
    verb = "went to" if fate.ending is Ending.DELIVERED else "left"
    return _lost(fate, "was ") or f"{verb} {_where(fate)}"


def _present(fate: Fate) -> str:
    verb = "goes to" if fate.ending is Ending.DELIVERED else "leaves"
    return _lost(fate, "is ") or f"{verb} {_where(fate)}"


def _lost(fate: Fate, verb: str) -> str:
    by = f" by rule {fate.rule_number}" if fate.rule_number is not None else ""
    said = {
        Ending.DENIED: f"denied{by}",
        Ending.DROPPED: f"dropped by NAT at rule {fate.rule_number}",
        Ending.NOT_ROUTED: "passed, but forwarded to nobody",
        Ending.HANDED: f"handed over{by}",
        Ending.NOT_SENT: "never sent",
    }.get(fate.ending, "")
    return said and verb + said


def _where(fate: Fate) -> str:
    """Return where it arrived, and as whom."""
    if fate.addresses is None:
        return "nowhere"
    if fate.ending is Ending.DELIVERED:
        holder = f"jail {fate.jail}" if fate.jail else "the host"
        return f"{holder} ({fate.addresses.sent_to}, from {fate.addresses.sent_by})"
    return f"on {fate.interface} as {fate.addresses.sent_by}"
