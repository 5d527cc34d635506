"""Paths of the basejail's pages."""

from __future__ import annotations

from django.urls import path

from apps.jails.basejail import update_views, views

urlpatterns = [
    path("hosts/<uuid:host_id>/basejail/", update_views.basejail, name="basejail"),
    path("hosts/<uuid:host_id>/basejail/install/", views.basejail_install, name="basejail-install"),
    path("hosts/<uuid:host_id>/basejail/check/", views.basejail_check, name="basejail-check"),
    path(
        "hosts/<uuid:host_id>/basejail/update/<slug:change>/",
        update_views.basejail_update,
        name="basejail-update",
    ),
]
