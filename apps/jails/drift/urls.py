"""Paths of drift."""

from __future__ import annotations

from django.urls import path

from apps.jails.drift import bulk_views, views

JAIL = "hosts/<uuid:host_id>/jails/<slug:safe_name>/drift/"
urlpatterns = [
    path("drift/", views.drift_list, name="drift-list"),
    path("drift/adopt/", bulk_views.drift_adopt_shown, name="drift-adopt-shown"),
    path(JAIL, views.jail_drift, name="jail-drift"),
    path(f"{JAIL}apply/", views.drift_apply, name="drift-apply"),
    path(f"{JAIL}adopt/", views.drift_adopt, name="drift-adopt"),
]
