"""What became of a traced packet: line by line, pass by pass, and in the end.

Source: reference ipfw §6.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from apps.freebsd.firewall.model import Clause
from apps.freebsd.firewall.packet import Packet


class Outcome(StrEnum):
    """What one rule did with a packet."""

    MISSED = "missed"  # a test failed
    LOOKED = "looked"  # a check-state that found none
    UNREAD = "unread"  # we do not understand the rule: passed over
    COUNTED = "counted"  # it matched and the packet goes on
    DEFERRED = "deferred"  # it matched, and only its state will act
    JUMPED = "jumped"  # skipto
    CALLED = "called"
    RETURNED = "returned"
    TRANSLATED = "translated"  # by nat; the pass ends here or goes on after the slot
    ALLOWED = "allowed"
    DENIED = "denied"  # deny, reject, reset, unreach; or nat without an instance; or limit exceeded
    DROPPED = "dropped"  # by NAT
    HANDED = "handed"  # to a program or another subsystem; what happens there is not traced
    HELD = "held"  # a fragment that waits for the others


@dataclass(frozen=True, slots=True)
class Addresses:
    """A packet's addresses and ports at one moment. Ports are 0 where there are none."""

    proto: str
    src: str
    sport: int
    dst: str
    dport: int

    @property
    def sent_by(self) -> str:
        """The source, as ipfw writes addresses in sentences."""
        return _end(self.src, self.sport)

    @property
    def sent_to(self) -> str:
        """The destination."""
        return _end(self.dst, self.dport)

    def __str__(self) -> str:
        return f"{self.proto} {self.sent_by} → {self.sent_to}"


def _end(address: str, port: int) -> str:
    if not port:
        return address
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


@dataclass(frozen=True, slots=True)
class StateNote:
    """A state that was found or made.

    Args:
        is_new: Whether it was made here.
        parent: Place among the firewall's rules of the rule that made it, and whose action it stands for.
        parent_number: That rule's number.
        parent_label: What to call it: several rules may have one number.
        name: `default`, `dns`, … .
        ends: `tcp 10.0.0.5:51000 ↔ 198.51.100.7:80`.
        is_reverse: Whether the packet goes the other way than the one that made it.
    """

    is_new: bool
    parent: int
    parent_number: int
    parent_label: str
    name: str
    ends: str
    is_reverse: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A rule that a packet came by.

    Args:
        index: Place among the firewall's rules; their count for the default rule.
        number: The rule's number.
        outcome: What it did.
        sentence: Why, for people.
        missed: The clause that did not hold; empty unless missed.
        state: Found or made here.
        before: Addresses before NAT, where NAT rewrote any.
        after: Addresses after it.
        jumped_to: Number of the rule at which the walk goes on after a skipto, call or return.
        counted: Place of the rule whose counter went up; None when none did.
        is_unsure: Whether we only suppose this.
    """

    index: int
    number: int
    outcome: Outcome
    sentence: str = ""
    missed: Clause = ()
    state: StateNote | None = None
    before: Addresses | None = None
    after: Addresses | None = None
    jumped_to: int | None = None
    counted: int | None = None
    is_unsure: bool = False


class Verdict(StrEnum):
    """How a pass ended."""

    ACCEPTED = "accepted"
    DENIED = "denied"
    DROPPED = "dropped"
    HANDED = "handed"
    HELD = "held"


@dataclass(frozen=True, slots=True)
class Pass:
    """One way through the rules.

    Args:
        direction: `in` or `out`.
        interface: On which it came in, or is to go out.
        lines: The rules that it came by, in order.
        verdict: How it ended.
        before: Addresses at its beginning.
        after: Addresses at its end.
    """

    direction: str
    interface: str
    lines: tuple[Line, ...]
    verdict: Verdict
    before: Addresses
    after: Addresses


class Ending(StrEnum):
    """What became of a packet."""

    DELIVERED = "delivered"
    SENT = "sent"
    DENIED = "denied"
    DROPPED = "dropped"  # by NAT
    NOT_ROUTED = "not-routed"  # it is for somebody else, and the host forwards nothing
    HANDED = "handed"
    HELD = "held"  # a fragment that waits for the others
    NOT_SENT = "not-sent"  # a reply to what never arrived


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a packet in the end.

    Args:
        ending: In a word.
        sentence: For people.
        addresses: Its addresses then; None when it was never sent.
        jail: To which it was delivered; empty for the host itself and for what was not delivered.
        interface: On which it was sent out; empty otherwise.
        rule: Place of the rule that decided last; None when no rule did.
        rule_number: That rule's number.
    """

    ending: Ending
    sentence: str
    addresses: Addresses | None = None
    jail: str = ""
    interface: str = ""
    rule: int | None = None
    rule_number: int | None = None

    @property
    def arrives(self) -> bool:
        """Whether it gets where it is meant to go."""
        return self.ending in (Ending.DELIVERED, Ending.SENT)


@dataclass(frozen=True, slots=True)
class Walk:
    """A packet's whole way.

    Args:
        packet: As it was sent: of a reply, with the addresses that followed.
        passes: Through the rules: one or two; none for a packet that was never sent.
        fate: What became of it.
        doubts: Why this may be otherwise on the host; empty when it is certain.
        icmp_id: The id that it bore in the end; 0 for what is no ICMP.
    """

    packet: Packet
    passes: tuple[Pass, ...]
    fate: Fate
    doubts: tuple[str, ...] = ()
    icmp_id: int = 0

    @property
    def is_certain(self) -> bool:
        """Whether every rule was understood and every test could be made."""
        return not self.doubts

    @property
    def lines(self) -> tuple[Line, ...]:
        """All lines of all passes."""
        return tuple(line for one in self.passes for line in one.lines)

    @property
    def counted(self) -> tuple[int, ...]:
        """Places of the rules whose counters went up, in order."""
        return tuple(line.counted for line in self.lines if line.counted is not None)
