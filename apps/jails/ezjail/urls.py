"""Paths of ezjail's own pages."""

from __future__ import annotations

from django.urls import path

from apps.jails.ezjail import views

urlpatterns = [
    path("hosts/<uuid:host_id>/ezjail/", views.ezjail, name="ezjail"),
    path("hosts/<uuid:host_id>/ezjail/setup/", views.ezjail_setup, name="ezjail-setup"),
    path("hosts/<uuid:host_id>/ezjail/setup/check/", views.ezjail_setup_check, name="ezjail-setup-check"),
    path("hosts/<uuid:host_id>/ezjail/settings/", views.ezjail_settings, name="ezjail-settings"),
    path(
        "hosts/<uuid:host_id>/ezjail/settings/check/",
        views.ezjail_settings_check,
        name="ezjail-settings-check",
    ),
]
