"""Paths of the network's pages."""

from __future__ import annotations

from django.urls import URLPattern

from apps.network.firewall.urls import urlpatterns as firewall_urls
from apps.network.interfaces.urls import urlpatterns as interface_urls
from apps.network.nat.urls import urlpatterns as nat_urls
from apps.network.pools.urls import urlpatterns as pool_urls
from apps.network.rulesets.urls import urlpatterns as rule_urls
from apps.network.tracing.urls import urlpatterns as trace_urls

app_name = "network"
urlpatterns: list[URLPattern] = [
    *pool_urls,
    *interface_urls,
    *firewall_urls,
    *nat_urls,
    *rule_urls,
    *trace_urls,
]
