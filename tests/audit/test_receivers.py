"""Signing in, failing to, signing out and changing a password go into the record by themselves."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from apps.accounts.actor import PANEL
from apps.accounts.models import User
from apps.accounts.permissions import Role
from apps.accounts.services import account_create
from apps.audit.models import AuditEvent
from tests.conftest import password_of

ADDRESS = "203.0.113.5"


@pytest.fixture(autouse=True)
def _no_earlier_attempts():
    cache.clear()


@pytest.fixture
def ada(db) -> User:
    return User.objects.create_user("ada", password=password_of("ada"))


@pytest.fixture
def browser() -> Client:
    return Client(REMOTE_ADDR=ADDRESS)


def sign_in(browser: Client, name: str = "ada", password: str | None = None):
    data = {"login": name, "password": password or password_of(name)}
    return browser.post(reverse("account_login"), data)


def events() -> list[tuple[str, str, int | None, str]]:
    rows = AuditEvent.objects.order_by("sequence")
    return [(event.action, event.actor_name, event.actor_id, event.address) for event in rows]


def test_signing_in_is_recorded_with_the_address(ada, browser):
    assert sign_in(browser).status_code == 302
    assert events() == [("session.started", "ada", ada.pk, ADDRESS)]


def test_a_wrong_password_is_recorded_with_the_name_that_was_tried_and_no_password(ada, browser):
    sign_in(browser, password="not the password")
    assert events() == [("session.refused", "ada", None, ADDRESS)]
    assert "not the password" not in str(AuditEvent.objects.values().get())


def test_an_unknown_name_is_recorded_too(db, browser):
    sign_in(browser, name="nobody-here")
    assert events() == [("session.refused", "nobody-here", None, ADDRESS)]


def test_signing_out_is_recorded(ada, browser):
    sign_in(browser)
    browser.post(reverse("account_logout"))
    assert events()[1:] == [("session.ended", "ada", ada.pk, ADDRESS)]


def test_signing_out_without_having_signed_in_is_not(db, browser):
    browser.post(reverse("account_logout"))
    assert events() == []


def test_a_new_account_is_recorded_with_its_role_and_who_made_it(db):
    user = account_create(actor=PANEL, username="grace", password=password_of("grace"), role=Role.OPERATOR)
    event = AuditEvent.objects.get()
    assert (event.action, event.actor_name) == ("account.created", "jailpanel")
    assert (event.object_type, event.object_id, event.object_name) == ("account", str(user.pk), "grace")
    assert event.detail == {"role": "operator"}


def test_a_changed_password_is_recorded_without_the_password(ada, browser):
    sign_in(browser)
    new = "quite another long password"
    data = {"oldpassword": password_of("ada"), "password1": new, "password2": new}
    browser.post(reverse("account_change_password"), data)
    ada.refresh_from_db()
    assert ada.check_password(new)
    assert events()[1] == ("account.password_changed", "ada", ada.pk, ADDRESS)
    assert new not in str(list(AuditEvent.objects.values()))


def test_a_refused_change_of_password_is_not(ada, browser):
    sign_in(browser)
    data = {
        "oldpassword": "wrong",
        "password1": "quite another long one",
        "password2": "quite another long one",
    }
    browser.post(reverse("account_change_password"), data)
    assert [action for action, *_ in events()] == ["session.started"]
