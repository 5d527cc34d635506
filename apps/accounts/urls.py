"""Paths of the accounts room that are not allauth's."""

from __future__ import annotations

from django.urls import path

from apps.accounts import views

app_name = "accounts"
urlpatterns = [
    path("setup/", views.setup, name="setup"),
    path("setup/<str:token>/", views.setup_link, name="setup-link"),
]
