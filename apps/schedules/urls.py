"""Paths of the schedules room."""

from __future__ import annotations

from django.urls import path

from apps.schedules import views

app_name = "schedules"
urlpatterns = [
    path("schedules/", views.schedule_list, name="schedule-list"),
    path("schedules/new/", views.schedule_add, name="schedule-add"),
    path("schedules/check/", views.schedule_check, name="schedule-check"),
    path("schedules/<uuid:schedule_id>/", views.schedule_detail, name="schedule-detail"),
    path("schedules/<uuid:schedule_id>/change/", views.schedule_change, name="schedule-change"),
    path("schedules/<uuid:schedule_id>/switch/", views.schedule_switch, name="schedule-switch"),
    path("schedules/<uuid:schedule_id>/run/", views.schedule_run, name="schedule-run"),
    path("schedules/<uuid:schedule_id>/remove/", views.schedule_remove, name="schedule-remove"),
]
