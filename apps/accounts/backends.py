"""The one backend that answers who may do what."""

from __future__ import annotations

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend

from apps.accounts.models import User
from apps.accounts.permissions import Perm
from apps.accounts.queries import actor_for


class GrantBackend(AuthenticationBackend):  # type: ignore[misc]  # allauth has no types
    """Signs in by name and password; `user.has_perm("jails.start", jail)` asks the grants."""

    def has_perm(self, user: User, perm: str, obj: Any = None) -> bool:
        """Say whether the person holds `perm` on the object's host, or everywhere without an object."""
        if perm not in set(Perm) or not user.is_active:
            return False
        host_id = getattr(obj, "host_id", None) or getattr(obj, "pk", None)
        return actor_for(user).may(Perm(perm), host_id)
