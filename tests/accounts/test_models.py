"""The database keeps grants sound by itself."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from apps.accounts.models import Grant, User


@pytest.fixture
def user(db):
    return User.objects.create_user("ada")


def test_the_same_role_is_given_once_on_a_host(user, host):
    Grant.objects.create(user=user, role="viewer", host=host)
    with pytest.raises(IntegrityError), transaction.atomic():
        Grant.objects.create(user=user, role="viewer", host=host)


def test_the_same_role_is_given_once_everywhere(user):
    Grant.objects.create(user=user, role="viewer")
    with pytest.raises(IntegrityError), transaction.atomic():
        Grant.objects.create(user=user, role="viewer")


def test_a_role_that_nobody_knows_cannot_be_given(user):
    with pytest.raises(IntegrityError), transaction.atomic():
        Grant.objects.create(user=user, role="root")


def test_a_removed_host_takes_its_grants_along(user, host):
    Grant.objects.create(user=user, role="viewer", host=host)
    host.delete()
    assert not Grant.objects.exists()
