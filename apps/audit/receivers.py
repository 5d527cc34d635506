"""Sign-ins, failures, new accounts and new passwords go into the record by themselves."""

from __future__ import annotations

from typing import Any

from allauth.account.signals import password_changed
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db import transaction
from django.dispatch import receiver
from django.http import HttpRequest

from apps.accounts.actor import Actor
from apps.accounts.models import User
from apps.accounts.permissions import Role
from apps.accounts.signals import account_created
from apps.audit.services import Subject, record


@receiver(user_logged_in)
def _signed_in(request: HttpRequest, user: User, **_: Any) -> None:
    _session(request, user, "session.started")


@receiver(user_logged_out)
def _signed_out(request: HttpRequest, user: User | None, **_: Any) -> None:
    if user is not None:
        _session(request, user, "session.ended")


@receiver(user_login_failed)
def _failed(credentials: dict[str, Any], request: HttpRequest | None = None, **_: Any) -> None:
    name = str(credentials.get("username") or credentials.get("email") or "")[:150]
    actor = Actor(name=name, user_id=None, address=_address(request))
    with transaction.atomic():
        record(actor=actor, action="session.refused", subject=Subject("session", "", name))


@receiver(password_changed)
def _password_changed(request: HttpRequest, user: User, **_: Any) -> None:
    actor = Actor(user.get_username(), user.pk, _address(request))
    subject = Subject("account", str(user.pk), user.get_username())
    with transaction.atomic():
        record(actor=actor, action="account.password_changed", subject=subject)


@receiver(account_created)
def _account(user: User, actor: Actor, role: Role, **_: Any) -> None:
    subject = Subject("account", str(user.pk), user.get_username())
    record(actor=actor, action="account.created", subject=subject, role=role.value)


def _session(request: HttpRequest, user: User, action: str) -> None:
    actor = Actor(user.get_username(), user.pk, _address(request))
    with transaction.atomic():
        record(actor=actor, action=action, subject=Subject("session", "", user.get_username()))


def _address(request: HttpRequest | None) -> str:
    return request.META.get("REMOTE_ADDR", "") if request is not None else ""
