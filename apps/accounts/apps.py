"""People: who they are and what they were granted."""

from __future__ import annotations

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Registers the accounts room."""

    name = "apps.accounts"
