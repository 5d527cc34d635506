"""Paths of the pages of flavours."""

from __future__ import annotations

from django.urls import path

from apps.jails.flavours import views

_LIST = "hosts/<uuid:host_id>/flavours/"
_ONE = "hosts/<uuid:host_id>/flavour/<str:flavour>/"

urlpatterns = [
    path(_LIST, views.flavours, name="flavour-list"),
    path(f"{_LIST}new/", views.flavour_new, name="flavour-new"),
    path(_ONE, views.flavour_detail, name="flavour-detail"),
    path(f"{_ONE}delete/", views.flavour_delete, name="flavour-delete"),
    path(f"{_ONE}file/", views.flavour_file, name="flavour-file"),
    path(f"{_ONE}file/new/", views.flavour_file_new, name="flavour-file-new"),
    path(f"{_ONE}file/remove/", views.flavour_file_remove, name="flavour-file-remove"),
    path(f"{_ONE}file/mode/", views.flavour_file_mode, name="flavour-file-mode"),
]
