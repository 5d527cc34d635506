"""Jobs: plans, the engine that runs them, and what they printed."""

from __future__ import annotations

from django.apps import AppConfig


class JobsConfig(AppConfig):
    """Registers the jobs room."""

    name = "apps.jobs"
