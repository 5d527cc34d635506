"""What a host's ezjail page shows, worked out of what was last seen."""

from __future__ import annotations

from dataclasses import dataclass

from apps.freebsd.errors import PanelError
from apps.hosts.models import Host
from apps.jails.ezjail import plans
from apps.jails.ezjail.situation import Situation
from apps.jails.ezjail.wanted import host_address, suggested


@dataclass(frozen=True, slots=True)
class Setup:
    """How far a host is set up.

    Args:
        missing: A sentence for each thing that the panel would suggest and the host lacks.
        interfaces: Loopback interfaces with an address of the host's own beside jails.
    """

    missing: list[str]
    interfaces: list[str]


def setup_of(seen: Situation) -> Setup:
    """Return how far a host is set up for ezjail."""
    wanted = suggested(seen)
    try:
        missing = [lack.sentence for lack in plans.lacks(wanted, seen)]
    except PanelError as error:
        missing = [error.message]
    own = [(name, host_address(seen, name)) for name in seen.interfaces if name.startswith("lo")]
    return Setup(missing, [f"{name} {address}" for name, address in own if address])


def flavours_of(host: Host) -> list[str] | None:
    """Return the flavours that a host has; None when that is not known."""
    found = host.facts.get("flavours")
    return None if found is None else [str(name) for name in found]
