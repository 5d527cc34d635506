"""A simulated kernel with nothing around it but a firewall: rules go in, packets go through."""

from __future__ import annotations

import itertools
from types import SimpleNamespace
from typing import Any

from apps.simulator.ipfw import kernel, nats, tables
from apps.simulator.ipfw.model import Ipfw, loaded
from apps.simulator.ipfw.packets import TCP, Packet
from apps.simulator.ipfw.parse import parse_rule
from apps.simulator.ipfw.roads import roads_of
from apps.simulator.ipfw.session import Session
from apps.simulator.ipfw.travel import Journey, from_outside, made_here
from apps.simulator.ipfw.walk import Walker
from apps.simulator.ipfw.words import Words
from apps.simulator.network import Interface
from apps.simulator.state import Kernel

PUBLIC, WEB, JAIL, STRANGER = "192.0.2.10", "198.51.100.80", "10.0.0.5", "203.0.113.9"
INTERFACES = (
    ("re0", (f"{PUBLIC}/24", "2001:db8::10/64")),
    ("lo0", ("127.0.0.1/8", "::1/128")),
    ("lo1", ("10.0.0.1/24", f"{JAIL}/32", "10.0.0.6/32", "fd00::5/64")),
)
SYN, ACK = frozenset({"syn"}), frozenset({"ack"})
SYN_ACK = SYN | ACK


class Bare:
    """A host that consists of its firewall.

    Args:
        lines: As they stand in a file that ipfw executes.
        one_pass: net.inet.ip.fw.one_pass.
        allows: What the default rule does.
    """

    def __init__(
        self, *lines: str, one_pass: bool = True, allows: bool = False, forwards: bool = False
    ) -> None:
        interfaces = [
            Interface(name, at, addresses=list(has)) for at, (name, has) in enumerate(INTERFACES, 1)
        ]
        self.kernel = Kernel(0.0, interfaces, modules=["ipfw", "ipfw_nat"], ipfw=loaded(allows=allows))
        self.ipfw.one_pass = one_pass
        self.clock = 1_000.0
        self.walker = Walker(self.ipfw, roads_of(interfaces, forwards=forwards), now=lambda: self.clock)
        for line in lines:
            self.run(line)

    @property
    def ipfw(self) -> Ipfw:
        return self.kernel.ipfw

    def run(self, line: str) -> None:
        """Do what a line says."""
        what, *words = line.split()
        session = Session(self._machine(), is_quiet=True)
        if what == "add":
            kernel.add(self.ipfw, parse_rule(Words(words)))
        elif what == "nat":
            nats.config(session, Words([words[0], *words[2:]]))
        else:
            tables.run(session, Words(words))

    def _machine(self) -> Any:
        return SimpleNamespace(kernel=self.kernel, touch=lambda: None)

    def out(self, packet: Packet) -> Journey:
        """Send a packet that is made here."""
        return made_here(self.walker, packet)

    def into(self, packet: Packet, interface: str = "") -> Journey:
        """Let a packet come from outside."""
        return from_outside(self.walker, packet, interface)

    def counts(self) -> dict[str, int]:
        """Give the packets that each rule has acted on; rules of one number are told apart by a letter."""
        found = {}
        for number, rules in itertools.groupby(self.ipfw.rules, lambda rule: rule.number):
            same = list(rules)
            for letter, rule in zip("abcdefgh" if len(same) > 1 else [""], same, strict=False):
                found[f"{number}{letter}"] = rule.packets
        return found


def tcp(src: str, sport: int, dst: str, dport: int, flags: frozenset[str] = SYN) -> Packet:
    return Packet(TCP, src, dst, sport, dport, flags)


def met(journey: Journey) -> list[tuple[int, str]]:
    """Give number and outcome of each rule that a journey's packet came by."""
    return [(step.rule.number, step.outcome) for walk in journey.walks for step in walk.steps]


def source(packet: Packet) -> tuple[str, int]:
    return packet.src, packet.sport


def destination(packet: Packet) -> tuple[str, int]:
    return packet.dst, packet.dport
