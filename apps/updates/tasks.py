"""Celery's entry points for asking mirrors."""

from __future__ import annotations

from celery import shared_task

from apps.freebsd.values import Release
from apps.updates.manifests import manifest_fetch
from apps.updates.sets import set_fetch


@shared_task
def fetch_manifest(release: str, machine: str) -> None:
    """Fetch a release's MANIFEST and keep it."""
    manifest_fetch(Release.parse(release), machine)


@shared_task
def fetch_set(release: str, machine: str, name: str) -> None:
    """Fetch one of a release's sets into the panel's store."""
    set_fetch(Release.parse(release), machine, name)
