"""What the lint says of a firewall, in one form for pages and the command line."""

from __future__ import annotations

from dataclasses import dataclass

from apps.freebsd.firewall.model import Firewall
from apps.hosts.models import Host


@dataclass(frozen=True, slots=True)
class Finding:
    """Something odd about a firewall.

    Args:
        index: Place of the rule that it is about; None when it is about none in particular.
        level: error, warning or hint.
        sentence: What is odd, and why.
        advice: What to change.
        fix: The rule as it should read; empty where that cannot be said.
    """

    index: int | None
    level: str
    sentence: str
    advice: str = ""
    fix: str = ""


def findings_of(firewall: Firewall, host: Host) -> tuple[Finding, ...]:  # noqa: ARG001
    """Return what the lint says of a firewall on a host."""
    return ()
