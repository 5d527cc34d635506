"""Paths of a host's network."""

from __future__ import annotations

from django.urls import path

from apps.network.interfaces import views

urlpatterns = [
    path("hosts/<uuid:host_id>/network/", views.host_network, name="host-network"),
    path("hosts/<uuid:host_id>/network/add/", views.host_address_add, name="host-address-add"),
]
