"""Who gets through a simulated host's rules: the panel's own connections, and whoever a test asks about.

Source: reference ipfw.md §6.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from apps.simulator.ipfw.packets import TCP, Packet
from apps.simulator.ipfw.roads import roads_of
from apps.simulator.ipfw.travel import DELIVERED, SENT, Journey, from_outside, made_here
from apps.simulator.ipfw.walk import Walker

if TYPE_CHECKING:
    from apps.simulator.machine import Machine

SSH = 22
KEPT_ALIVE_S = 20  # the kernel asks both ends of a state before it lets it expire (reference §6.9)
SYN, ACK = frozenset({"syn"}), frozenset({"ack"})
DATA = frozenset({"ack", "psh"})


def walker_of(machine: Machine) -> Walker:
    """Give what walks packets through a machine's rules as they are now."""
    kernel = machine.kernel
    forwards = kernel.sysctls.get("net.inet.ip.forwarding") == "1" or machine.rc_yes("gateway_enable")
    roads = roads_of(kernel.interfaces, forwards=forwards)
    return Walker(kernel.ipfw, roads, has_nat="ipfw_nat" in kernel.modules, now=machine.now)


def is_guarded(machine: Machine) -> bool:
    """Tell whether there is anything to ask: IPFW is there, on, and does not simply accept."""
    ipfw = machine.kernel.ipfw
    if "ipfw" not in machine.kernel.modules or not (ipfw.enabled or ipfw.enabled6):
        return False
    return len(ipfw.rules) > 1 or ipfw.default.action != "allow"


def own_address(machine: Machine) -> str:
    """Give the address at which the world knows a machine; empty when it has none."""
    roads = roads_of(machine.kernel.interfaces)
    return roads.first4(roads.default) or next(iter(roads.addresses.get(roads.default, ())), "")


@dataclass(frozen=True, slots=True)
class Gate:
    """Stands before a machine's sshd and asks the rules.

    Attributes:
        machine: whose rules are asked.
    """

    machine: Machine

    def lets_in(self, port: int) -> bool:
        """Tell whether a new connection of the panel's comes about and can speak.

        Args:
            port: the panel's.
        """
        return self._passes(port, (SYN, SYN | ACK, DATA, DATA))

    def lets_on(self, port: int) -> bool:
        """Tell whether an open connection of the panel's can still speak, both ways.

        Args:
            port: the panel's.
        """
        self._keep_alive(port)
        return self._passes(port, (DATA, DATA))

    def _packet(self, port: int) -> Packet | None:
        own = own_address(self.machine)
        return Packet(TCP, self.machine.spec.panel, own, port, SSH) if own else None

    def _passes(self, port: int, conversation: tuple[frozenset[str], ...]) -> bool:
        """Play a conversation, whose packets come from the panel and go to it in turn."""
        packet = self._packet(port)
        if packet is None or not is_guarded(self.machine):
            return True
        walker = walker_of(self.machine)
        for turn, flags in enumerate(conversation):
            said = replace(packet, flags=flags) if turn % 2 == 0 else packet.reply(flags)
            journey = from_outside(walker, said) if turn % 2 == 0 else made_here(walker, said)
            if journey.fate != (DELIVERED if turn % 2 == 0 else SENT) or _moved(said, journey):
                return False
        return True

    def _keep_alive(self, port: int) -> None:
        """Let no state of an open connection expire, since both of its ends would answer."""
        packet = self._packet(port)
        soon = self.machine.now() + KEPT_ALIVE_S
        for state in self.machine.kernel.ipfw.states if packet else ():
            ends = (state.source, state.source_port, state.destination, state.destination_port)
            if packet and ends == (packet.src, packet.sport, packet.dst, packet.dport):
                state.expires = max(state.expires, soon)


def reaches(machine: Machine, client: str, public: str, port: int, target: str, *, proto: int = TCP) -> bool:
    """Tell whether somebody outside gets to speak with an address behind a host's public one.

    Args:
        machine: the host.
        client: who asks, from outside.
        public: the address that is asked.
        port: likewise.
        target: the jail's address, or the host's own, that must be reached.
        proto: TCP or UDP.

    Returns:
        True when the first packet arrives at the target and the answer leaves with the public address.
    """
    asked = Packet(proto, client, public, 50_000, port, SYN if proto == TCP else frozenset())
    walker = walker_of(machine)
    there = from_outside(walker, asked)
    if (there.fate, there.packet.dst) != (DELIVERED, target):
        return False
    back = made_here(walker, there.packet.reply(SYN | ACK if proto == TCP else frozenset()))
    return back.fate == SENT and (back.packet.src, back.packet.sport) == (public, port)


def gets_out(machine: Machine, source: str, server: str, port: int, *, proto: int = TCP) -> str:
    """Tell with which address a jail (or the host) gets an answer from outside.

    Args:
        machine: the host.
        source: the jail's address.
        server: whom it asks.
        port: likewise.
        proto: TCP or UDP.

    Returns:
        The address that the server sees; empty when the question or the answer is lost.
    """
    asked = Packet(proto, source, server, 50_000, port, SYN if proto == TCP else frozenset())
    walker = walker_of(machine)
    there = made_here(walker, asked)
    if there.fate != SENT:
        return ""
    back = from_outside(walker, there.packet.reply(SYN | ACK if proto == TCP else frozenset()))
    return there.packet.src if (back.fate, back.packet.dst) == (DELIVERED, source) else ""


def _moved(said: Packet, journey: Journey) -> bool:
    """Tell whether a translation has led a packet astray."""
    before = (said.src, said.sport, said.dst, said.dport)
    after = journey.packet
    return before != (after.src, after.sport, after.dst, after.dport)
