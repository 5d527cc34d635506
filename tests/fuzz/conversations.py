"""Conversations made by chance: who says what to whom, in which order, and what is answered.

Source: reference ipfw §6.1.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from tests.fuzz.cast import HOST, HOST6, JAILS, JAILS6, OUTSIDE, OUTSIDE6, PUBLIC2

SYN, ACK, FIN, RST = (frozenset({word}) for word in ("syn", "ack", "fin", "rst"))
PORTS = (22, 53, 80, 443, 8000, 8004, 9999)
SOURCES = (51000, 51001, 40000)


@dataclass(frozen=True, slots=True)
class Said:
    """A packet as its sender makes it.

    Args:
        is_answer: It answers the packet before it, if that one arrived; only flags count then.
        comes_in: From outside, on the outside interface.
        proto: As rules name it.
        flags: TCP's.
        pause_s: Since the packet before it.
    """

    proto: str
    src: str
    dst: str
    sport: int = 0
    dport: int = 0
    flags: frozenset[str] = frozenset()
    is_answer: bool = False
    comes_in: bool = False
    icmp_id: int = 0
    icmp_type: int = 8
    offset: int = 0
    more: bool = False
    length: int = 60
    pause_s: float = 0


def conversation(chance: random.Random, length: int) -> tuple[Said, ...]:
    """Make packets of several conversations that cross each other.

    Args:
        chance: What decides everything.
        length: How many packets.
    """
    threads = [_thread(chance) for _ in range(max(2, length // 6))]
    said: list[Said] = []
    while len(said) < length:
        thread = chance.choice(threads)
        said += _turn(chance, thread)
    return tuple(said[:length])


def _turn(chance: random.Random, first: Said) -> list[Said]:
    """Say something of a conversation and, mostly, answer it."""
    pause = chance.choice((0, 0, 0, 0, 0, 0, 2, 12, 25))
    opening, middle = (SYN, SYN | ACK), (ACK, ACK)
    flags = chance.choice((opening, opening, opening, middle, middle, (FIN | ACK, FIN | ACK), (RST, RST)))
    if first.proto != "tcp":
        flags = (frozenset(), frozenset())
    packet = replace(first, flags=flags[0], pause_s=pause)
    if chance.random() < 0.04 and first.proto in ("tcp", "udp", "icmp"):
        return [replace(packet, offset=1480, sport=0, dport=0, flags=frozenset())]
    answer = replace(packet, flags=flags[1], is_answer=True, pause_s=0)
    return [packet] if chance.random() < 0.3 else [packet, answer]


def _thread(chance: random.Random) -> Said:
    """Choose who speaks with whom."""
    six = chance.random() < 0.15
    jails, host, outside = (JAILS6, (HOST6,), OUTSIDE6) if six else (JAILS, (HOST, PUBLIC2), OUTSIDE)
    way = chance.choice(("out", "out", "out", "host out", "in", "in", "in", "inside", "inside", "stray"))
    src, dst = {
        "out": (chance.choice(jails), chance.choice(outside)),
        "host out": (chance.choice(host), chance.choice(outside)),
        "in": (chance.choice(outside), chance.choice(host)),
        "inside": (chance.choice((*jails, *host)), chance.choice((*jails, *host))),
        "stray": (chance.choice(outside), chance.choice(jails)),
    }[way]
    proto = chance.choice(("tcp", "tcp", "tcp", "tcp", "udp", "udp", "ipv6-icmp" if six else "icmp", "gre"))
    said = Said(proto, src, dst, comes_in=way in ("in", "stray"))
    if proto in ("tcp", "udp"):
        said = replace(said, sport=chance.choice(SOURCES), dport=chance.choice(PORTS))
    if "icmp" in proto:
        said = replace(said, icmp_id=chance.choice((77, 78)), icmp_type=128 if six else 8)
    return said
