"""Paths of moves and copies."""

from __future__ import annotations

from django.urls import path

from apps.jails.moving import flavour_views, views

_JAIL = "hosts/<uuid:host_id>/jails/<slug:safe_name>/"
urlpatterns = [
    path(f"{_JAIL}move/", views.jail_move, name="jail-move"),
    path(f"{_JAIL}move/check/", views.jail_move_check, name="jail-move-check"),
    path(f"{_JAIL}take-back/", views.jail_take_back, name="jail-take-back"),
    path("hosts/<uuid:host_id>/archives/<str:file_name>/copy/", views.archive_copy, name="archive-copy"),
    path("hosts/<uuid:host_id>/flavour/<str:flavour>/copy/", flavour_views.flavour_copy, name="flavour-copy"),
]
