"""Paths of kept jails."""

from __future__ import annotations

from django.urls import path

from apps.jails.keeping import views

_KEPT = "hosts/<uuid:host_id>/kept/"
urlpatterns = [
    path("jails/keeping/", views.keep_policies, name="keep-policies"),
    path(_KEPT, views.kept_jails, name="kept-jails"),
    path(f"{_KEPT}<int:kept_id>/bring-back/", views.kept_bring_back, name="kept-bring-back"),
    path(f"{_KEPT}<int:kept_id>/remove/", views.kept_remove, name="kept-remove"),
]
