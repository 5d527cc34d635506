"""Hosts: how they are reached, and what the last look at them said."""

from __future__ import annotations

from django.apps import AppConfig


class HostsConfig(AppConfig):
    """Gives the job engine its way to hosts."""

    name = "apps.hosts"

    def ready(self) -> None:
        """Register the gateway."""
        from apps.hosts.gateway import PanelHostGateway  # noqa: PLC0415  needs the app registry
        from apps.jobs.ports import register_gateway  # noqa: PLC0415  needs the app registry

        register_gateway(PanelHostGateway())
