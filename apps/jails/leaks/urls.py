"""Paths of the leak guard."""

from __future__ import annotations

from django.urls import path

from apps.jails.leaks import views

urlpatterns = [
    path("jails/leaks/", views.leak_list, name="leak-list"),
    path("hosts/<uuid:host_id>/jails/<slug:safe_name>/leaks/", views.leak_look, name="leak-look"),
]
