"""Who asks: one value that goes from the request down to the service."""

from __future__ import annotations

import os
import pwd
import secrets
from dataclasses import dataclass, field
from uuid import UUID

from apps.accounts.permissions import ROLE_PERMISSIONS, Perm, Role, denial
from apps.freebsd.errors import NotAllowed


@dataclass(frozen=True, slots=True)
class Grant:
    """A role, everywhere (`host_id` None) or on one host."""

    role: Role
    host_id: UUID | None


@dataclass(frozen=True, slots=True)
class Actor:
    """A person, or the panel itself, and where they are.

    Args:
        name: The user name that records show.
        user_id: The account, or None for the panel itself.
        address: Client address as seen by the web process; empty for the panel itself.
        request_id: Names the request in logs and records.
        grants: What the person was given.
    """

    name: str
    user_id: int | None
    address: str = ""
    request_id: str = ""
    grants: tuple[Grant, ...] = field(default=(), repr=False)

    def may(self, perm: Perm, host_id: UUID | None = None) -> bool:
        """Say whether the actor holds `perm` on the host, or, without one, everywhere."""
        return any(
            perm in ROLE_PERMISSIONS[grant.role] and (grant.host_id is None or grant.host_id == host_id)
            for grant in self.grants
        )

    def may_anywhere(self, perm: Perm) -> bool:
        """Say whether the actor holds `perm` on anything at all."""
        return any(perm in ROLE_PERMISSIONS[grant.role] for grant in self.grants)

    def scope(self, perm: Perm) -> frozenset[UUID] | None:
        """Return the hosts on which the actor holds `perm`; None means all of them."""
        if self.may(perm):
            return None
        held = (grant for grant in self.grants if perm in ROLE_PERMISSIONS[grant.role])
        return frozenset(grant.host_id for grant in held if grant.host_id)

    def require(self, perm: Perm, host_id: UUID | None = None) -> None:
        """Refuse unless the actor holds `perm`.

        Raises:
            NotAllowed: With the sentence that says what is lacking.
        """
        if not self.may(perm, host_id):
            raise NotAllowed(denial(perm))


# What the panel does by itself (scheduled probes, sweeps).
PANEL = Actor(name="jailpanel", user_id=None, grants=(Grant(Role.ADMIN, None),))


def command_line_actor() -> Actor:
    """Return who runs `manage.py`: the operating system's user, who holds the panel's database and may all.

    No account can have such a name. The environment is not asked (LOGNAME): anybody may set it.
    """
    return Actor(
        name=f"{_os_user()} (command line)",
        user_id=None,
        request_id=secrets.token_hex(8),
        grants=(Grant(Role.ADMIN, None),),
    )


def _os_user() -> str:
    uid = os.getuid()
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"
