"""What FreeBSD's update mirror offers."""

from __future__ import annotations

from django.apps import AppConfig


class UpdatesConfig(AppConfig):
    """Registers the room."""

    name = "apps.updates"
