"""Paths of presets."""

from __future__ import annotations

from django.urls import path

from apps.jails.presets import views

urlpatterns = [
    path("jails/presets/", views.preset_list, name="preset-list"),
    path("jails/presets/add/", views.preset_add, name="preset-add"),
    path("jails/presets/<int:preset_id>/", views.preset_change, name="preset-change"),
    path("jails/presets/<int:preset_id>/remove/", views.preset_remove, name="preset-remove"),
]
