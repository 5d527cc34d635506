"""Paths of the tracer."""

from __future__ import annotations

from django.urls import path

from apps.network.tracing import views

urlpatterns = [path("hosts/<uuid:host_id>/trace/", views.trace_host, name="trace-host")]
