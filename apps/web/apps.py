"""The shell of the panel: layout, dashboard, live stream."""

from __future__ import annotations

from django.apps import AppConfig

from apps.pages.tabs import Tab, register_tab


class WebConfig(AppConfig):
    """Holds no models; shows several rooms on one page."""

    name = "apps.web"

    def ready(self) -> None:
        """Tell of the host's own page."""
        register_tab(Tab("host", "Overview", "web:host-detail", 0))
