"""Paths of a jail's settings."""

from __future__ import annotations

from django.urls import path

from apps.jails.settings import views

_JAIL = "hosts/<uuid:host_id>/jails/<slug:safe_name>"

urlpatterns = [
    path(f"{_JAIL}/settings/", views.jail_settings, name="jail-settings"),
    path(f"{_JAIL}/settings/check/", views.jail_settings_check, name="jail-settings-check"),
    path(f"{_JAIL}/settings/text/<slug:of>/", views.jail_text, name="jail-text"),
    path(f"{_JAIL}/settings/text/<slug:of>/check/", views.jail_text_check, name="jail-text-check"),
    path(f"{_JAIL}/settings/name/", views.jail_rename, name="jail-rename"),
    path(f"{_JAIL}/settings/name/check/", views.jail_rename_check, name="jail-rename-check"),
]
