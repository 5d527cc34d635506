"""Whether a firewall would cut the panel off, by the lint, which has the tracer walk its packets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from apps.hosts.models import Host
from apps.network.models import HostFirewall
from apps.network.rulesets.findings import Finding

CUT_OFF = "panel-cut-off"
NOT_KNOWN = (
    "The panel does not know from where it reaches this host, so it cannot tell whether these rules let it "
    "in. The host takes them back by itself if they do not."
)


@dataclass(frozen=True, slots=True)
class Risk:
    """What the panel thinks of its own way in.

    Args:
        sentence: Why it may be cut off; empty when it stays in.
        is_certain: Whether it would be, for all that the panel can tell.
    """

    sentence: str = ""
    is_certain: bool = False


def risk_of(host: Host, found: Sequence[Finding]) -> Risk:
    """Return what the findings on a firewall say of the panel's own way in."""
    if host.is_local:
        return Risk()
    cut = next((finding for finding in found if finding.code == CUT_OFF), None)
    if cut is not None:
        return Risk(f"{cut.what} {cut.why}", is_certain=True)
    is_known = HostFirewall.objects.filter(host=host).exclude(panel_address="").exists()
    return Risk() if is_known else Risk(NOT_KNOWN)
