"""Paths of the network's pages."""

from __future__ import annotations

from django.urls import URLPattern

app_name = "network"
urlpatterns: list[URLPattern] = []
