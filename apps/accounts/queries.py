"""Reads of accounts: who is asking, with what they were granted."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from apps.accounts.actor import Actor, Grant
from apps.accounts.models import Grant as GrantRow
from apps.accounts.models import User
from apps.accounts.permissions import ROLE_PERMISSIONS, Perm, Role


def actor_for(user: User, *, address: str = "", request_id: str = "") -> Actor:
    """Return the actor that a signed-in person is, with their grants (one query)."""
    rows = GrantRow.objects.filter(user_id=user.pk).values_list("role", "host_id")
    grants = tuple(Grant(Role(role), host_id) for role, host_id in rows) if user.is_active else ()
    return Actor(user.get_username(), user.pk, address, request_id, grants)


@dataclass(frozen=True, slots=True)
class Holder:
    """Somebody who holds a permission.

    Args:
        user_id: Their account.
        name: Their user name.
        host_id: The host on which they hold it; None for all hosts.
    """

    user_id: int
    name: str
    host_id: UUID | None


def holders(perm: Perm) -> list[Holder]:
    """Return who holds a permission, and where (one query); one person may be in it several times."""
    roles = [role for role, perms in ROLE_PERMISSIONS.items() if perm in perms]
    rows = GrantRow.objects.filter(role__in=roles, user__is_active=True)
    return [Holder(*row) for row in rows.values_list("user_id", "user__username", "host_id")]
