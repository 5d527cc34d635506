"""Paths of pools and addresses."""

from __future__ import annotations

from django.urls import path

from apps.network.pools import address_views, views

_POOL = "network/pools/<int:pool_id>"

urlpatterns = [
    path("network/pools/", views.pool_list, name="pool-list"),
    path("network/pools/add/", views.pool_add, name="pool-add"),
    path(f"{_POOL}/", views.pool_detail, name="pool-detail"),
    path(f"{_POOL}/change/", views.pool_change, name="pool-change"),
    path(f"{_POOL}/remove/", views.pool_remove, name="pool-remove"),
    path(f"{_POOL}/take-over/", views.pool_take_over, name="pool-take-over"),
    path(f"{_POOL}/reserve/", address_views.pool_reserve, name="pool-reserve"),
    path(f"{_POOL}/reserved/<int:range_id>/", address_views.pool_unreserve, name="pool-unreserve"),
    path(f"{_POOL}/keep/", address_views.address_hold, name="address-hold"),
    path(f"{_POOL}/held/<int:held_id>/release/", address_views.address_release, name="address-release"),
    path("network/addresses/", address_views.address_list, name="address-list"),
    path("network/conflicts/", address_views.address_conflicts, name="address-conflicts"),
]
