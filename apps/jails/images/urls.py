"""Paths of images."""

from __future__ import annotations

from django.urls import path

from apps.jails.images import views

urlpatterns = [
    path(
        "hosts/<uuid:host_id>/jails/<slug:safe_name>/image/<slug:image_verb>/",
        views.jail_image,
        name="jail-image",
    ),
]
