"""The shell of the panel: layout, dashboard, live stream."""

from __future__ import annotations

from django.apps import AppConfig


class WebConfig(AppConfig):
    """Holds no models."""

    name = "apps.web"
