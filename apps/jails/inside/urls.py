"""Paths of the pages of a jail's inside."""

from __future__ import annotations

from django.urls import path

from apps.jails.inside import change_views, views

_INSIDE = "hosts/<uuid:host_id>/jails/<slug:safe_name>/inside/"

urlpatterns = [
    path(_INSIDE, views.jail_inside, name="jail-inside"),
    path(f"{_INSIDE}service/", change_views.jail_service, name="jail-service"),
    path(f"{_INSIDE}packages/", change_views.jail_packages, name="jail-packages"),
    path(f"{_INSIDE}command/", change_views.jail_command, name="jail-command"),
]
