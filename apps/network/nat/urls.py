"""Paths of a host's NAT."""

from __future__ import annotations

from django.urls import path

from apps.network.nat import forward_views, views

urlpatterns = [
    path("hosts/<uuid:host_id>/nat/", views.host_nat, name="host-nat"),
    path("hosts/<uuid:host_id>/nat/add/", views.host_nat_add, name="host-nat-add"),
    path("hosts/<uuid:host_id>/nat/<int:number>/", views.host_nat_change, name="host-nat-change"),
    path("hosts/<uuid:host_id>/nat/<int:number>/remove/", views.host_nat_remove, name="host-nat-remove"),
    path(
        "hosts/<uuid:host_id>/nat/<int:number>/take-over/",
        views.host_nat_take_over,
        name="host-nat-take-over",
    ),
    path(
        "hosts/<uuid:host_id>/nat/<int:number>/forwards/add/",
        forward_views.host_nat_forward_add,
        name="host-nat-forward-add",
    ),
    path(
        "hosts/<uuid:host_id>/nat/forwards/<int:forward_id>/",
        forward_views.host_nat_forward_change,
        name="host-nat-forward-change",
    ),
    path(
        "hosts/<uuid:host_id>/nat/forwards/<int:forward_id>/remove/",
        forward_views.host_nat_forward_remove,
        name="host-nat-forward-remove",
    ),
]
