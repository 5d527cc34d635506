"""What is odd about a forward, in sentences. Pure."""

from __future__ import annotations

from collections.abc import Collection

from apps.freebsd.firewall.inputs import FirewallInputs, Service
from apps.freebsd.firewall.model import NatInstance
from apps.network.host_inputs import redirect_of
from apps.network.models import PortForward
from apps.network.nat.conflicts import claim_of, port_ends


def forward_notes(
    row: PortForward, inputs: FirewallInputs, services: Collection[Service], held: Collection[tuple[str, str]]
) -> tuple[str, ...]:
    """Return what should be known about a forward.

    Args:
        row: The forward, with its instance.
        inputs: The host's own values.
        services: Services of the host itself that its rule set lets in.
        held: Jail and address of each address that was seen.
    """
    found = [*_of_host(row, inputs, services)]
    if row.jail and (row.jail, row.local_address) not in held:
        found.append(f"{row.jail} does not have {row.local_address} now.")
    return tuple(found)


def _of_host(row: PortForward, inputs: FirewallInputs, services: Collection[Service]) -> list[str]:
    nat = row.nat
    claim = claim_of(
        NatInstance(nat.number, nat.address, nat.interface), redirect_of(row), (*inputs.public4, "")[0]
    )
    if claim.address not in inputs.public:
        return []
    found = []
    if claim.takes("tcp", inputs.panel_port, inputs.panel_port):
        found.append(
            f"{inputs.panel_port} is the host's own SSH: the panel keeps it, everyone else gets the jail."
        )
    for one in services:
        ends = [port_ends(part) for part in one.ports.split(",") if part]
        if any(claim.takes(one.proto, first, last) for first, last in ends):
            found.append(f"The rule set lets in the host's own {one.said} there, which comes first.")
    return found
