"""Accounts and the one-time link for the first of them."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from django.db import transaction
from django.utils import timezone

from apps.accounts.actor import PANEL
from apps.accounts.models import Grant, SetupLink, User
from apps.accounts.permissions import Role
from apps.accounts.services import (
    SETUP_LINK_LIFETIME,
    account_create,
    administrator_exists,
    setup_link_create,
    setup_link_is_good,
    setup_link_use,
)
from apps.audit.models import AuditEvent
from apps.freebsd.errors import Conflict, InvalidInput
from tests.conftest import make_person
from tests.threads import at_once

PASSWORD = "a fine long password"


def make_token() -> str:
    path = setup_link_create()
    assert path is not None
    return path.removeprefix("/setup/").removesuffix("/")


@pytest.fixture
def token(db) -> str:
    return make_token()


def use(token: str, username: str = "ada", password: str = PASSWORD) -> User:
    return setup_link_use(token=token, username=username, password=password, address="192.0.2.1")


def test_the_link_makes_an_administrator_of_everything(token):
    user = use(token)
    assert user.check_password(PASSWORD)
    assert list(Grant.objects.values_list("user", "role", "host")) == [(user.pk, "admin", None)]
    assert administrator_exists()


def test_it_is_recorded_from_which_address(token):
    use(token)
    event = AuditEvent.objects.get(action="account.created")
    assert (event.actor_name, event.address, event.object_name) == ("ada", "192.0.2.1", "ada")


def test_only_the_hash_of_the_link_is_stored(token):
    assert token not in str(list(SetupLink.objects.values()))


def test_the_link_works_once(token):
    use(token)
    assert not setup_link_is_good(token)
    with pytest.raises(Conflict, match="used already or has run out"):
        use(token, "grace")
    assert User.objects.count() == 1


def test_it_does_not_work_again_when_the_administrator_is_gone(token):
    use(token)
    User.objects.all().delete()
    assert not setup_link_is_good(token)
    with pytest.raises(Conflict):
        use(token, "grace")


def test_the_link_runs_out_after_a_day(token):
    SetupLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert timedelta(hours=24) == SETUP_LINK_LIFETIME
    assert not setup_link_is_good(token)
    with pytest.raises(Conflict):
        use(token)
    assert not User.objects.exists()


def test_a_guess_is_no_link(token):
    for guess in ("", "x", token[:-1], token + "x"):
        assert not setup_link_is_good(guess)
        with pytest.raises(Conflict):
            use(guess)


def test_a_new_link_replaces_the_one_before(token):
    newer = make_token()
    assert not setup_link_is_good(token)
    assert setup_link_is_good(newer)


def test_there_is_no_link_once_there_is_an_administrator(token):
    make_person("owner", (Role.ADMIN, None))
    assert setup_link_create() is None
    assert not setup_link_is_good(token)
    with pytest.raises(Conflict):
        use(token)


@pytest.mark.parametrize("role", [Role.MANAGER, Role.AUDITOR])
def test_people_with_less_do_not_count_as_administrators(db, role):
    make_person("someone", (role, None))
    assert setup_link_create() is not None


def test_administrators_of_one_host_or_disabled_do_not_count(host):
    make_person("local", (Role.ADMIN, host))
    User.objects.filter(pk=make_person("gone", (Role.ADMIN, None)).user.pk).update(is_active=False)
    assert not administrator_exists()
    assert setup_link_create() is not None


@pytest.mark.parametrize(
    ("username", "password", "field"),
    [
        ("ada", "short", "password"),
        ("ada", "123456789012", "password"),
        ("ada", "q1w2e3r4t5y6", "password"),
        ("countess.lovelace", "countess.lovelace", "password"),
        ("", PASSWORD, "username"),
        ("a b", PASSWORD, "username"),
        ("a\nb", PASSWORD, "username"),
        ("x" * 151, PASSWORD, "username"),
    ],
)
def test_what_is_refused_leaves_the_link_usable(token, username, password, field):
    with pytest.raises(InvalidInput) as refused:
        use(token, username, password)
    assert refused.value.field == field
    assert not User.objects.exists()
    assert not AuditEvent.objects.exists()
    assert use(token)


@pytest.mark.django_db(transaction=True)
def test_two_who_use_the_link_at_once_make_one_administrator():
    token = make_token()
    results = at_once(partial(use, token, "ada"), partial(use, token, "grace"))
    assert sorted(type(result) for result in results if isinstance(result, Exception)) == [Conflict]
    assert Grant.objects.filter(role="admin").count() == User.objects.count() == 1


def test_an_account_gets_its_role_and_an_event_in_one_go(db):
    user = account_create(actor=PANEL, username="grace", password=PASSWORD, role=Role.OPERATOR)
    assert Grant.objects.get(user=user).role == "operator"
    assert AuditEvent.objects.get().action == "account.created"


def test_a_taken_name_is_refused(db):
    account_create(actor=PANEL, username="grace", password=PASSWORD, role=Role.VIEWER)
    with pytest.raises(InvalidInput, match="already exists") as refused, transaction.atomic():
        account_create(actor=PANEL, username="grace", password=PASSWORD, role=Role.ADMIN)
    assert refused.value.field == "username"
    assert list(Grant.objects.values_list("role", flat=True)) == ["viewer"]
