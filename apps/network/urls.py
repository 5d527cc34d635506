"""Paths of the network's pages."""

from __future__ import annotations

from django.urls import URLPattern

from apps.network.pools.urls import urlpatterns as pool_urls

app_name = "network"
urlpatterns: list[URLPattern] = [
    *pool_urls,
]
