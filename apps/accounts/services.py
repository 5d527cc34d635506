"""Accounts are made and given roles here, and nowhere else."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from apps.accounts.actor import Actor
from apps.accounts.models import Grant, SetupLink, User
from apps.accounts.permissions import Role
from apps.accounts.signals import account_created
from apps.freebsd.errors import Conflict, InvalidInput

SETUP_LINK_LIFETIME = timedelta(hours=24)


def administrator_exists() -> bool:
    """Say whether anyone can run the panel yet."""
    return Grant.objects.filter(role=Role.ADMIN, host__isnull=True, user__is_active=True).exists()


def setup_link_create() -> str | None:
    """Make a fresh one-time link for the first administrator.

    Links made before stop working.

    Returns:
        The path below the panel's address, or None when there is an administrator already.
    """
    if administrator_exists():
        return None
    token = secrets.token_urlsafe(32)
    with transaction.atomic():
        SetupLink.objects.all().delete()
        SetupLink.objects.create(token_hash=_hash(token), expires_at=timezone.now() + SETUP_LINK_LIFETIME)
    return f"/setup/{token}/"


def setup_link_is_good(token: str) -> bool:
    """Say whether the link may still make the first administrator."""
    return not administrator_exists() and _open_links(token).exists()


def setup_link_use(*, token: str, username: str, password: str, address: str) -> User:
    """Make the first administrator from a one-time link.

    Raises:
        Conflict: The link was used, has run out, or there is an administrator.
        InvalidInput: The name or the password is refused.
    """
    with transaction.atomic():
        if administrator_exists() or not _open_links(token).update(used_at=timezone.now()):
            raise Conflict("This link was used already or has run out. Start the panel again for a new one.")
        actor = Actor(name=username, user_id=None, address=address)
        return account_create(actor=actor, username=username, password=password, role=Role.ADMIN)


def account_create(*, actor: Actor, username: str, password: str, role: Role) -> User:
    """Make an account with a role everywhere; the caller has checked that the actor may.

    Raises:
        InvalidInput: The name is taken or malformed, or the password too easy to guess.
    """
    user = User(username=username)
    _check(user, password)
    user.set_password(password)
    with transaction.atomic():
        user.save(force_insert=True)
        Grant.objects.create(user=user, role=role)
        account_created.send(User, user=user, actor=actor, role=role)
    return user


def _check(user: User, password: str) -> None:
    try:
        user.full_clean(exclude=["password"])
    except ValidationError as error:
        raise InvalidInput(" ".join(error.messages), field="username") from error
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise InvalidInput(" ".join(error.messages), field="password") from error


def _open_links(token: str) -> QuerySet[SetupLink]:
    return SetupLink.objects.filter(
        token_hash=_hash(token), used_at__isnull=True, expires_at__gt=timezone.now()
    )


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
