"""Addresses, NAT and the firewall of hosts."""

from __future__ import annotations

from django.apps import AppConfig


class NetworkConfig(AppConfig):
    """Registers the room."""

    name = "apps.network"

    def ready(self) -> None:
        """Register observers, tabs and kinds of job, one line a topic."""
        from apps.network import firewall, interfaces, nat, pools  # noqa: PLC0415  needs the app registry

        pools.register()
        interfaces.register()
        firewall.register()
        nat.register()
