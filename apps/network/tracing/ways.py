"""The port forwards of a host, for the tracer's ready conversations."""

from __future__ import annotations

from apps.hosts.models import Host
from apps.network.models import PortForward
from apps.network.tracing.stories import Way


def ways_of(host: Host) -> tuple[Way, ...]:
    """Return the public ports that a host's NAT is to lead to jails, the first port of each."""
    rows = PortForward.objects.filter(nat__host=host, kind="port").order_by("nat__number", "public_ports")
    found = []
    for row in rows:
        port = row.public_ports.partition("-")[0]
        if port.isdigit() and row.proto in {"tcp", "udp"}:
            found.append(Way(row.proto, int(port), row.jail))
    return tuple(found)
