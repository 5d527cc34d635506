"""Which ways in get in each other's way. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from apps.freebsd.firewall.model import NatInstance, Redirect


@dataclass(frozen=True, slots=True)
class Claim:
    """What of a public address something takes for itself.

    Args:
        kind: `port`, `addr` or `proto`.
        proto: tcp, udp, gre, …; empty for a whole address.
        address: The public address.
        first: The first port; 0 for none.
        last: The last one.
        remote: The only one from whom it is taken; or empty.
    """

    kind: str
    proto: str
    address: str
    first: int = 0
    last: int = 0
    remote: str = ""

    def meets(self, other: Claim) -> bool:
        """Whether a packet could be for both of them, and neither is the more exact."""
        same = (self.kind, self.proto, self.address, self.remote)
        if same != (other.kind, other.proto, other.address, other.remote):
            return False
        return self.first <= other.last and other.first <= self.last

    def takes(self, proto: str, first: int, last: int) -> bool:
        """Whether it takes one of some ports."""
        if self.kind == "addr":
            return True
        return self.proto == proto and (self.kind == "proto" or (self.first <= last and first <= self.last))


def port_ends(text: str) -> tuple[int, int]:
    """Return the ends of `80` or `8000-8009`; 0 and 0 of nothing."""
    first, _, last = text.partition("-")
    return int(first or 0), int(last or first or 0)


def claim_of(nat: NatInstance, redirect: Redirect, interface_address: str = "") -> Claim:
    """Return what a redirect takes.

    Args:
        nat: Its instance.
        redirect: The way in.
        interface_address: The first address of the instance's interface, where that is known.
    """
    own = nat.address or interface_address or f"interface {nat.interface}"
    if redirect.kind != "port":
        return Claim(redirect.kind, redirect.proto, redirect.public or own, remote=redirect.remote)
    address, _, ports = redirect.public.rpartition(":")
    return Claim("port", redirect.proto, address or own, *port_ends(ports), redirect.remote)


def conflict(claim: Claim, others: Iterable[tuple[Claim, str]]) -> str:
    """Return what stands in a claim's way, in a sentence; empty when nothing does.

    Args:
        claim: What is asked for.
        others: What is taken, and how it is called.
    """
    said = next((words for other, words in others if claim.meets(other)), "")
    return f"This is taken on {claim.address}: {said}." if said else ""
