"""Schedules, and the kinds of thing that can be scheduled."""

from __future__ import annotations

from django.apps import AppConfig


class SchedulesConfig(AppConfig):
    """Makes the kinds known, and takes a schedule's clock away with it."""

    name = "apps.schedules"

    def ready(self) -> None:
        """Register the kinds."""
        from apps.schedules import signals  # noqa: F401, PLC0415  needs the app registry
        from apps.schedules.work import register_kinds  # noqa: PLC0415  needs the app registry

        register_kinds()
