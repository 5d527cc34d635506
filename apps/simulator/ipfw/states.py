"""What the simulated firewall remembers of conversations: dynamic states.

Source: reference ipfw.md §6.5, §6.7–6.9.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from apps.simulator.ipfw.packets import Packet

ANY = "any"
LIMIT_MASKS = ("src-addr", "src-port", "dst-addr", "dst-port")
LIFETIMES = {"syn": 20, "ack": 300, "fin": 1, "rst": 1, "udp": 10, "short": 5}
MOST = 16384
_SYN, _FIN, _RST = 1, 2, 4
_BITS = {"syn": _SYN, "fin": _FIN, "rst": _RST}
_BACK = 3  # how far the flags of the answering side are shifted
_BOTH_SYN, _BOTH_FIN = _SYN | _SYN << _BACK, _FIN | _FIN << _BACK


@dataclass(slots=True)
class State:
    """A conversation that a rule has let make a state.

    Attributes:
        rule: the identity of its parent, which is not the rule's number.
        name: without the colon.
        proto: the protocol's name.
        src: who began.
        sport: its port; 0 without ports.
        dst: whom it spoke to.
        dport: likewise.
        expires: seconds since the epoch.
        packets: that it has let run its parent's action.
        size: bytes of those packets.
        seen: the TCP flags of both directions.
        masked: what a limit counts it under; empty for states that are not limited.
    """

    rule: int
    name: str
    proto: str
    src: str
    sport: int
    dst: str
    dport: int
    expires: float = 0.0
    packets: int = 0
    size: int = 0
    seen: int = 0
    masked: str = ""

    def goes_with(self, packet: Packet) -> bool:
        """Tell whether a packet belongs to it, from either side."""
        return self.proto == packet.proto and (self.is_forward(packet) or self._is_backward(packet))

    def is_forward(self, packet: Packet) -> bool:
        """Tell whether a packet comes from the side that began."""
        return (self.src, self.sport, self.dst, self.dport) == (
            packet.src,
            packet.sport,
            packet.dst,
            packet.dport,
        )

    def _is_backward(self, packet: Packet) -> bool:
        return (self.dst, self.dport, self.src, self.sport) == (
            packet.src,
            packet.sport,
            packet.dst,
            packet.dport,
        )

    def note(self, packet: Packet, now: float, lifetimes: Mapping[str, int]) -> None:
        """Count a packet, and live on.

        Args:
            packet: one that goes with it.
            now: seconds since the epoch.
            lifetimes: seconds, by the name of their sysctl.
        """
        self.packets += 1
        self.size += packet.length
        shift = 0 if self.is_forward(packet) else _BACK
        if packet.proto == "tcp":
            for flag in packet.flags & _BITS.keys():
                self.seen |= _BITS[flag] << shift
        self.expires = now + lifetimes[self.stage]

    @property
    def stage(self) -> str:
        """Name the lifetime that it has now."""
        if self.proto != "tcp":
            return "udp" if self.proto == "udp" else "short"
        if self.seen & (_RST | _RST << _BACK):
            return "rst"
        if self.seen & _BOTH_FIN == _BOTH_FIN:
            return "fin"
        return "ack" if self.seen & _BOTH_SYN == _BOTH_SYN else "syn"


def find(states: Iterable[State], packet: Packet, name: str, now: float) -> State | None:
    """Look a packet's state up.

    Args:
        states: all of them.
        packet: whose addresses and ports are compared, both ways round.
        name: of the state; "any" takes every name.
        now: seconds since the epoch; what has expired is no state.
    """
    for state in states:
        if name in (state.name, ANY) and state.expires > now and state.goes_with(packet):
            return state
    return None


def masked_by(masks: Collection[str], packet: Packet) -> str:
    """Say what a limit counts a packet under.

    Args:
        masks: among src-addr, src-port, dst-addr, dst-port.
        packet: the first one of its conversation.
    """
    parts = {
        "src-addr": packet.src,
        "src-port": str(packet.sport),
        "dst-addr": packet.dst,
        "dst-port": str(packet.dport),
    }
    return " ".join([packet.proto, *(parts[mask] if mask in masks else "-" for mask in LIMIT_MASKS)])


def is_full(states: Iterable[State], like: State, most: int, now: float) -> bool:
    """Tell whether a limit leaves no room for another state.

    Args:
        states: all of them.
        like: the one that is to be made.
        most: how many there may be.
        now: seconds since the epoch.
    """
    key = (like.rule, like.name, like.masked)
    alike = [
        state for state in states if (state.rule, state.name, state.masked) == key and state.expires > now
    ]
    return len(alike) >= most
