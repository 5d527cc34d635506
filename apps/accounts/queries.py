"""Reads of accounts: who is asking, with what they were granted."""

from __future__ import annotations

from apps.accounts.actor import Actor, Grant
from apps.accounts.models import Grant as GrantRow
from apps.accounts.models import User
from apps.accounts.permissions import Role


def actor_for(user: User, *, address: str = "", request_id: str = "") -> Actor:
    """Return the actor that a signed-in person is, with their grants (one query)."""
    rows = GrantRow.objects.filter(user_id=user.pk).values_list("role", "host_id")
    grants = tuple(Grant(Role(role), host_id) for role, host_id in rows) if user.is_active else ()
    return Actor(user.get_username(), user.pk, address, request_id, grants)
