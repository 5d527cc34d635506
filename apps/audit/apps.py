"""The record: who did what, when, from where."""

from __future__ import annotations

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """Connects what other rooms announce to the record."""

    name = "apps.audit"

    def ready(self) -> None:
        """Listen for sign-ins and new accounts."""
        from apps.audit import receivers  # noqa: F401, PLC0415  needs the app registry
