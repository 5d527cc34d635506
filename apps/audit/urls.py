"""Paths of the record."""

from __future__ import annotations

from django.urls import path

from apps.audit import views

app_name = "audit"
urlpatterns = [path("record/", views.event_list, name="event-list")]
