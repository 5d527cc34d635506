"""Paths of the pages of a jail's inside."""

from __future__ import annotations

from django.urls import path

from apps.jails.inside import views

_INSIDE = "hosts/<uuid:host_id>/jails/<slug:safe_name>/inside/"

urlpatterns = [
    path(_INSIDE, views.jail_inside, name="jail-inside"),
]
