"""Paths of the hosts room."""

from __future__ import annotations

from django.urls import path

from apps.hosts import views

app_name = "hosts"
urlpatterns = [
    path("hosts/", views.host_list, name="host-list"),
    path("hosts/add/", views.host_add, name="host-add"),
    path("hosts/<uuid:host_id>/probe/", views.host_probe, name="host-probe"),
    path("hosts/<uuid:host_id>/key/confirm/", views.host_key_confirm, name="host-key-confirm"),
    path("hosts/<uuid:host_id>/key/reject/", views.host_key_reject, name="host-key-reject"),
    path("hosts/<uuid:host_id>/remove/", views.host_remove, name="host-remove"),
    path("agent/install.sh", views.agent_install, name="agent-install"),
]
