"""What was last seen of a host's rules."""

from __future__ import annotations

from apps.freebsd.firewall.codec import from_json
from apps.freebsd.firewall.model import Firewall
from apps.hosts.models import Host
from apps.network.models import HostFirewall


def seen_firewall(host: Host) -> Firewall | None:
    """Return the firewall that was last seen on a host; None where none was."""
    row = HostFirewall.objects.filter(host=host).only("observed").first()
    data = row.observed if row else None
    if not data:
        return None
    return from_json(data.get("firewall", data))
