"""Paths of pages that show several rooms at once: the dashboard, one host."""

from __future__ import annotations

from django.urls import path

from apps.web import host_page, views

app_name = "web"
urlpatterns = [
    path("", views.dashboard, name="dashboard"),
    path("hosts/<uuid:host_id>/", host_page.host_detail, name="host-detail"),
]
