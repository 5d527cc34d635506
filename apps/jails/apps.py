"""Basejails and jails, as ezjail runs them."""

from __future__ import annotations

from django.apps import AppConfig

from apps.pages.tabs import Tab, register_tab


class JailsConfig(AppConfig):
    """Takes part in probes and tells the engine its kinds of job."""

    name = "apps.jails"

    def ready(self) -> None:
        """Register the observer and the job kinds."""
        from apps.hosts import observers  # noqa: PLC0415  needs the app registry
        from apps.jails import (  # noqa: PLC0415  needs the app registry
            archives,
            basejail,
            drift,
            ezjail,
            flavours,
            images,
            inside,
            keeping,
            moving,
        )
        from apps.jails import settings as jail_settings  # noqa: PLC0415  needs the app registry
        from apps.jails.changes import CHANGES, batch_retry_url  # noqa: PLC0415  needs the app registry
        from apps.jails.holding import job_ended  # noqa: PLC0415  needs the app registry
        from apps.jails.observing import observe  # noqa: PLC0415  needs the app registry
        from apps.jails.proof import register_kinds  # noqa: PLC0415  needs the app registry
        from apps.jobs.ports import register_batch_retry, register_ending  # noqa: PLC0415  needs the app registry

        register_tab(Tab("jail", "Overview", "jails:jail-detail", 0))
        observers.register(observe)
        for change in CHANGES.values():
            register_batch_retry(change.kind, batch_retry_url)
        register_kinds()
        register_ending(job_ended)
        ezjail.register()
        basejail.register()
        jail_settings.register()
        archives.register()
        keeping.register()
        moving.register()
        flavours.register()
        inside.register()
        images.register()
        drift.register()
