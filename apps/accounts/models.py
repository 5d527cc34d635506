"""Accounts, grants and the one-time link that makes the first administrator."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_backends
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Q

from apps.accounts.permissions import Role


class User(AbstractUser):
    """A person who signs in. What they may do comes from their grants alone."""

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        """Ask the grants (backends.py), whatever Django's own superuser flag says."""
        return any(backend.has_perm(self, perm, obj) for backend in get_backends())


class Grant(models.Model):
    """A role given to a person, everywhere or on one host."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="grants")
    role = models.CharField(max_length=16, choices=[(role.value, role.value) for role in Role])
    host = models.ForeignKey("hosts.Host", on_delete=models.CASCADE, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "role", "host"], name="grant_once_per_host"),
            models.UniqueConstraint(
                fields=["user", "role"], condition=Q(host__isnull=True), name="grant_once_everywhere"
            ),
            models.CheckConstraint(
                condition=Q(role__in=[role.value for role in Role]), name="grant_role_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.role} on {self.host_id or 'everything'}"


class SetupLink(models.Model):
    """A link that makes the first administrator, once, for a day. Only its hash is stored."""

    token_hash = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"set-up link until {self.expires_at:%Y-%m-%d %H:%M}"
