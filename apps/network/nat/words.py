"""A forward in words."""

from __future__ import annotations

from apps.network.models import PortForward


def public_words(row: PortForward) -> str:
    """Return what of the world's side it takes: `tcp 8080`, `192.0.2.12`, `gre`."""
    if row.kind == "addr":
        return row.public_address
    place = f"{row.public_address}:{row.public_ports}" if row.public_address else row.public_ports
    if row.kind == "proto":
        place = f"for {row.public_address}" if row.public_address else ""
    return f"{row.proto} {place}".rstrip()


def local_words(row: PortForward) -> str:
    """Return where it leads: `10.0.0.5:80`."""
    return f"{row.local_address}:{row.local_ports}" if row.kind == "port" else row.local_address


def forward_words(row: PortForward) -> str:
    """Return the whole of it: `tcp 8080 → 10.0.0.5:80 (www), only from 198.51.100.7`."""
    jail = f" ({row.jail})" if row.jail else ""
    only = f", only from {row.remote}" if row.remote else ""
    return f"{public_words(row)} → {local_words(row)}{jail}{only}"
