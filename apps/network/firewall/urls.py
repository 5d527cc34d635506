"""Paths of a host's firewall."""

from __future__ import annotations

from django.urls import path

from apps.network.firewall import apply_views, views

urlpatterns = [
    path("hosts/<uuid:host_id>/firewall/", views.host_firewall, name="host-firewall"),
    path("hosts/<uuid:host_id>/firewall/apply/", apply_views.host_firewall_apply, name="host-firewall-apply"),
    path("hosts/<uuid:host_id>/firewall/adopt/", views.host_firewall_adopt, name="host-firewall-adopt"),
    path(
        "hosts/<uuid:host_id>/firewall/applied/<int:number>/",
        views.host_firewall_applied,
        name="host-firewall-applied",
    ),
]
