"""The demo's accounts: random passwords, made once and shown at each start. A real panel has none of them."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path

from apps.accounts.actor import PANEL
from apps.accounts.models import User
from apps.accounts.permissions import Role
from apps.accounts.services import account_create

DEMO_ROLES = {"admin": Role.ADMIN, "operator": Role.OPERATOR, "viewer": Role.VIEWER}


def demo_accounts_ensure(path: Path) -> None:
    """Make the accounts that are missing.

    Args:
        path: JSON file of user names and passwords (0600), made when it is not there. An account
            that exists while its password was lost keeps its grants and gets the new password.
    """
    passwords = _passwords(path)
    for name, role in DEMO_ROLES.items():
        account = User.objects.filter(username=name).first()
        if account is None:
            account_create(actor=PANEL, username=name, password=passwords[name], role=role)
        elif not account.check_password(passwords[name]):
            account.set_password(passwords[name])
            account.save(update_fields=["password"])


def _passwords(path: Path) -> dict[str, str]:
    if not path.exists():
        made = {name: secrets.token_urlsafe(12) for name in DEMO_ROLES}
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(made, file, indent=2)
    passwords: dict[str, str] = json.loads(path.read_text())
    return passwords
