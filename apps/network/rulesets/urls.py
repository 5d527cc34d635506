"""Paths of rule sets."""

from __future__ import annotations

from django.urls import path

from apps.network.rulesets import edit_views, table_views, views

urlpatterns = [
    path("firewall/", views.rules_list, name="rules-list"),
    path("firewall/add/", views.rules_add, name="rules-add"),
    path("firewall/<int:rule_set_id>/", edit_views.rules_detail, name="rules-detail"),
    path("firewall/<int:rule_set_id>/choices/", edit_views.rules_choices, name="rules-choices"),
    path("firewall/<int:rule_set_id>/written/", edit_views.rules_written, name="rules-written"),
    path("firewall/<int:rule_set_id>/layouts/", edit_views.rules_layouts, name="rules-layouts"),
    path("firewall/<int:rule_set_id>/describe/", views.rules_describe, name="rules-describe"),
    path("firewall/<int:rule_set_id>/remove/", views.rules_remove, name="rules-remove"),
    path("firewall/<int:rule_set_id>/tables/", table_views.rules_tables, name="rules-tables"),
    path("firewall/<int:rule_set_id>/tables/add/", table_views.rules_table_add, name="rules-table-add"),
    path(
        "firewall/<int:rule_set_id>/tables/<int:table_id>/",
        table_views.rules_table_change,
        name="rules-table-change",
    ),
    path(
        "firewall/<int:rule_set_id>/tables/<int:table_id>/remove/",
        table_views.rules_table_remove,
        name="rules-table-remove",
    ),
    path("hosts/<uuid:host_id>/firewall/values/", views.host_firewall_values, name="host-firewall-values"),
]
