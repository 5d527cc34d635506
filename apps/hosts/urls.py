"""Paths of the hosts room."""

from __future__ import annotations

from django.urls import path

from apps.hosts import group_views, views

app_name = "hosts"
urlpatterns = [
    path("hosts/", views.host_list, name="host-list"),
    path("hosts/add/", views.host_add, name="host-add"),
    path("hosts/<uuid:host_id>/probe/", views.host_probe, name="host-probe"),
    path("hosts/<uuid:host_id>/key/confirm/", views.host_key_confirm, name="host-key-confirm"),
    path("hosts/<uuid:host_id>/key/reject/", views.host_key_reject, name="host-key-reject"),
    path("hosts/<uuid:host_id>/remove/", views.host_remove, name="host-remove"),
    path("hosts/<uuid:host_id>/group/", group_views.host_group, name="host-group"),
    path("hosts/groups/", group_views.group_list, name="group-list"),
    path("hosts/groups/add/", group_views.group_add, name="group-add"),
    path("hosts/groups/<int:group_id>/", group_views.group_rename, name="group-rename"),
    path("hosts/groups/<int:group_id>/remove/", group_views.group_remove, name="group-remove"),
    path("agent/install.sh", views.agent_install, name="agent-install"),
]
