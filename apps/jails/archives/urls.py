"""Paths of archives and snapshots."""

from __future__ import annotations

from django.urls import path

from apps.jails.archives import restore_views, views

_HOST = "hosts/<uuid:host_id>/archives/"
_JAIL = "hosts/<uuid:host_id>/jails/<slug:safe_name>/"
urlpatterns = [
    path(_HOST, views.host_archives, name="host-archives"),
    path(f"{_HOST}<str:file_name>/remove/", views.archive_remove, name="archive-remove"),
    path(f"{_HOST}<str:file_name>/restore/", restore_views.archive_restore, name="archive-restore"),
    path(f"{_JAIL}archives/", views.jail_archives, name="jail-archives"),
    path(f"{_JAIL}archive/", views.jail_archive, name="jail-archive"),
    path(f"{_JAIL}snapshot/", views.jail_snapshot, name="jail-snapshot"),
    path(f"{_JAIL}snapshots/<str:label>/remove/", views.snapshot_remove, name="snapshot-remove"),
    path(f"{_JAIL}snapshots/<str:label>/rollback/", views.jail_rollback, name="jail-rollback"),
]
