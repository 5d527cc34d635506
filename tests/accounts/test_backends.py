"""`user.has_perm` asks the grants, whatever Django's own flags and groups say."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, Permission

from apps.accounts.models import User
from apps.accounts.permissions import Perm, Role
from tests.conftest import make_person
from tests.places import make_jail


@pytest.fixture
def jail(host):
    return make_jail(host)


@pytest.fixture
def manager(host):
    return make_person("manager", (Role.MANAGER, host)).user


def test_a_grant_on_a_host_holds_for_it_and_its_jails(manager, host, jail):
    assert manager.has_perm("jails.delete", host)
    assert manager.has_perm("jails.delete", jail)
    assert manager.has_perm(Perm.JAIL_DELETE, jail)


def test_it_holds_nowhere_else(manager, other_host):
    assert not manager.has_perm("jails.delete", other_host)
    assert not manager.has_perm("jails.delete", make_jail(other_host))
    assert not manager.has_perm("jails.delete")


def test_a_grant_everywhere_needs_no_object(owner, host, jail):
    for thing in (None, host, jail):
        assert owner.user.has_perm("jails.delete", thing)


@pytest.mark.parametrize("perm", ["jails.nothing", "accounts.add_user", "", "jails"])
def test_what_is_no_permission_of_ours_nobody_holds(owner, perm):
    assert not owner.user.has_perm(perm)


def test_a_disabled_account_holds_nothing(owner, host):
    owner.user.is_active = False
    assert not owner.user.has_perm("hosts.view", host)


def test_a_superuser_of_djangos_holds_nothing_here(host):
    user = User.objects.create_superuser("root", password="a password for root")
    assert not user.has_perm("hosts.view", host)
    assert not user.has_perm("hosts.view")


def test_groups_of_djangos_give_nothing_here(host, db):
    group = Group.objects.create(name="everything")
    group.permissions.set(Permission.objects.all())
    user = User.objects.create_user("ada")
    user.groups.add(group)
    assert not user.has_perm("accounts.change_user")
    assert not user.has_perm("hosts.view", host)
